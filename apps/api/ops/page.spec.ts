import { expect, it } from 'vitest';
import { htmlOf, pagePolicy } from './page.js';

it('allows its own style and nothing else', () => {
  const policy = pagePolicy();
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; /);
  expect(policy).toContain("form-action 'none'");
  expect(policy).not.toMatch(/script-src|connect-src|unsafe/);
});

it('allows the one script that it was made for', () => {
  const policy = pagePolicy({ script: 'run()', hasForms: true });
  expect(policy).toMatch(/script-src 'sha256-[A-Za-z0-9+/]{43}='; connect-src 'self'/);
  expect(policy).toContain("form-action 'self'");
  expect(policy).not.toContain('unsafe');
});

it('shows a title as text', () => {
  expect(htmlOf({ title: '<b>', nav: '', main: '' })).toContain('<title>&#60;b&#62; - Millrace</title>');
});

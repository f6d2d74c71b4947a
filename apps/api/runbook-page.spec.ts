import { expect, it } from 'vitest';
import { renderPage, sentencePage } from './runbook-page.js';

const render = (markdown: string): string => renderPage(markdown, (name) => name === 'latency');

it('links to pages beside it, and to nothing else of the repository', () => {
  const html = render('[a](latency.md) [b](README.md#first-words) [c](../webhooks.md) [d](https://example.org/x)');
  expect(html).toContain(
    '<a href="latency">a</a> <a href="./#first-words">b</a> c <a href="https://example.org/x">d</a>',
  );
});

it('names headings as links expect them', () => {
  expect(render('# The `api`\n\n## Before the first command')).toContain('<h2 id="before-the-first-command">');
  expect(render('# Redis & <b>\n')).toContain('<title>Redis &#38; &#60;b&#62; - Millrace</title>');
});

it('shows HTML, and follows no address that could be a script', () => {
  const html = render('<script>alert(1)</script>\n\na <img src=x> b [x](javascript:alert(1))');
  expect(html).not.toMatch(/<script|<img|javascript:/);
  expect(html).toContain('&#60;script&#62;');
  expect(sentencePage('a', '<b>')).toContain('<p>&#60;b&#62;</p>');
});

import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellQuote, shortAnswer, wholeAnswer } from './answer.js';

it('shortens the three kinds of output', () => {
  expect(shortAnswer({ label: 'setosa', score: 0.97065, probabilities: { setosa: 0.97065 } })).toBe('setosa (97.1 %)');
  expect(shortAnswer({ value: 206.11667 })).toBe('206.117');
  expect(shortAnswer({ y: Array.from({ length: 100 }, () => 0) })).toHaveLength(40);
});

it('prints whole answers for people and for programs', () => {
  expect(wholeAnswer({ value: 1 }, true)).toBe('{"value":1}');
  expect(JSON.parse(wholeAnswer({ value: 1 }, false))).toEqual({ value: 1 });
});

it('quotes what a shell would read otherwise', () => {
  const text = `{"a":"it's $HOME \`x\` \\"}`;
  expect(execFileSync('sh', ['-c', `printf %s ${shellQuote(text)}`]).toString()).toBe(text);
});

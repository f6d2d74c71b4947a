import { describe, expect, it } from 'vitest';
import { ProblemError } from '#contract/problem';
import { requireWholeCharacters } from './well-formed.js';

function pointerIn(text: string, at?: string): string | null {
  try {
    requireWholeCharacters(text, at);
    return null;
  } catch (error) {
    return error instanceof ProblemError ? (error.problem.errors?.[0]?.pointer ?? 'no pointer') : 'no problem';
  }
}

describe('half of a character', () => {
  it.each([
    [String.raw`{"metadata":{"a":"\ud800"}}`, '/metadata/a'],
    [String.raw`{"metadata":{"a/b~":"x\uDFFFy"}}`, '/metadata/a~1b~0'],
    [String.raw`{"list":[1,"\ud83d\ud83d\ude00"]}`, '/list/1'],
    [String.raw`{"metadata":{"\udbff":"a"}}`, '/metadata'],
    [String.raw`"\udc00\ud800"`, ''],
  ])('is found in %s', (text, pointer) => expect(pointerIn(text)).toBe(pointer));

  it('is named below the parameter that has it', () => {
    expect(pointerIn(String.raw`{"a":"\ud800"}`, '/metadata')).toBe('/metadata/a');
    expect(pointerIn(String.raw`{"\ud800":"a"}`, '/metadata')).toBe('/metadata');
  });

  it.each([
    String.raw`{"a":"\ud83d\ude00"}`,
    String.raw`{"a":"\\ud800"}`,
    '{"a":"😀"}',
    '{}',
    // Left to who parses it.
    String.raw`{"a":"\ud800"`,
  ])('is not seen in %s', (text) => expect(pointerIn(text)).toBeNull());
});

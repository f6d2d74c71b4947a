/**
 * `.env.example` is how people learn what can be set: it names every setting and no other, says of each what it means,
 * and shows the default that is really in force.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot, readSettings, SETTING_NAMES } from '#config/settings';

interface Shown {
  readonly name: string;
  readonly value: string;
  /** A comment stands above it, or above the group it is in. */
  readonly explained: boolean;
}

/** `NAME=value`, or `# NAME=value` for what is left out by default. */
const LINE = /^(?:#\s*)?([A-Z][A-Z0-9_]*)=(\S*)/;

async function example(): Promise<Shown[]> {
  const text = await readFile(path.join(projectRoot(), '.env.example'), 'utf8');
  const lines = text.split('\n');
  return lines.flatMap((line, i) => {
    const [, name, value = ''] = LINE.exec(line) ?? [];
    if (name === undefined) return [];
    const before = lines.slice(0, i).findLast((earlier) => !LINE.test(earlier)) ?? '';
    return [{ name, value, explained: before.startsWith('#') || / #/.test(line) }];
  });
}

describe('.env.example', () => {
  it('names every setting once, and nothing else', async () => {
    const names = (await example()).map(({ name }) => name).filter((name) => !name.endsWith('_FILE'));
    expect(names.toSorted()).toEqual([...SETTING_NAMES].toSorted());
  });

  it('explains each', async () => {
    expect((await example()).filter(({ explained }) => !explained)).toEqual([]);
  });

  it('shows the defaults that are in force', async () => {
    const inForce: Readonly<Record<string, unknown>> = readSettings({});
    const shown = (await example()).filter(({ name, value }) => value !== '' && inForce[name] !== undefined);
    const read: Readonly<Record<string, unknown>> = readSettings(
      Object.fromEntries(shown.map(({ name, value }) => [name, value])),
    );
    for (const { name } of shown) expect([name, read[name]]).toEqual([name, inForce[name]]);
    expect(shown.length).toBeGreaterThan(15);
  });
});

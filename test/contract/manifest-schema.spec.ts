/**
 * Who writes a manifest by hand, or generates one, holds it against `docs/manifest.schema.json`. It must be the schema
 * that the processes themselves hold manifests to, and one that a validator other than ours can read.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, it } from 'vitest';
import { projectRoot } from '#config/settings';
import { MANIFEST_SCHEMA } from '#models/manifest-schema';
import { manifestText, SHIPPED } from '#testing/models';

async function published(): Promise<object> {
  return JSON.parse(await readFile(path.join(projectRoot(), 'docs', 'manifest.schema.json'), 'utf8')) as object;
}

it('the published schema is the one in force: `npm run schema` writes it', async () => {
  expect(await published()).toEqual(JSON.parse(JSON.stringify(MANIFEST_SCHEMA)));
});

it.each(SHIPPED)('%s is described by it', async (model) => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const matches = ajv.compile(await published());
  const manifest = JSON.parse(await manifestText(model)) as Record<string, unknown>;
  expect({ valid: matches(manifest), errors: matches.errors }).toEqual({ valid: true, errors: null });
  expect(matches({ ...manifest, invented: 1 })).toBe(false);
});

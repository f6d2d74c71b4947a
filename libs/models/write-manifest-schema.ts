/** `npm run schema`: publishes the schema of `manifest.json` in the file that is named, `docs/manifest.schema.json`. */
import { writeFileSync } from 'node:fs';
import { MANIFEST_SCHEMA } from './manifest-schema.js';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('Which file? npm run schema names it.');
writeFileSync(file, `${JSON.stringify(MANIFEST_SCHEMA, null, 2)}\n`);

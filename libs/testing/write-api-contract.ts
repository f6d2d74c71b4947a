/** `npm run contract:snapshot`: keeps what the API promises now in the file that is named. */
import { writeFileSync } from 'node:fs';
import { promised } from './api-contract.js';
import { servedDocument } from './served-document.js';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('Which file? npm run contract:snapshot names it.');
writeFileSync(file, `${JSON.stringify(promised(await servedDocument()), null, 2)}\n`);

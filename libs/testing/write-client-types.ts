/** `npm run client:types`: writes the types of our own client, as the API describes itself now, to the file that is named. */
import { writeFileSync } from 'node:fs';
import { clientTypes } from './client-types.js';
import { servedDocument } from './served-document.js';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('Which file? npm run client:types names it.');
writeFileSync(file, await clientTypes(await servedDocument(), file));

/** `npm run bench`: everything prepared as for a start, then the measurements. */
import { importBuilt, prepared } from './prepare.mjs';

await prepared(() => {
  process.setSourceMapsEnabled(true);
  return importBuilt('bench/main.js');
});

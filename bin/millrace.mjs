#!/usr/bin/env node
/** `npx millrace ...`: the command line, from any folder of the clone. */
import { importBuilt, prepared } from './prepare.mjs';

await prepared(() => {
  process.setSourceMapsEnabled(true);
  return importBuilt('apps/cli/main.js');
});

/** An executor that a prediction holds for ever, as an endless run in native code would: its event loop never turns. */
import { existsSync } from 'node:fs';
import { serveExecutor } from '#inference/executor-process';
import { ENDLESS } from './poison.js';

function holds({ sepal_length: value, release }: Readonly<Record<string, unknown>>): boolean {
  return value === ENDLESS && (typeof release !== 'string' || !existsSync(release));
}

serveExecutor({
  beforeRun(inputs) {
    while (inputs.some(holds));
  },
});

/** An executor that hangs over the bytes of a prediction, as over a message that it cannot take in: it begins nothing. */
import { serveExecutor } from '#inference/executor-process';
import { UNREADABLE } from './poison.js';

const marker = `"sepal_length":${UNREADABLE}`;

// Before the executor's own listener, so that it hears nothing of what hangs here.
process.stdin.on('data', (chunk) => {
  while (String(chunk).includes(marker));
});
serveExecutor();

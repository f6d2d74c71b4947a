/** An executor that a poisonous prediction kills from inside, as a fault in native code would. */
import { serveExecutor } from '#inference/executor-process';
import { POISON } from './poison.js';

serveExecutor({
  beforeRun(inputs) {
    // In a loop: a signal to oneself may arrive a moment later, and nothing may be answered until then.
    while (inputs.some((input) => input['sepal_length'] === POISON)) process.kill(process.pid, 'SIGSEGV');
  },
});

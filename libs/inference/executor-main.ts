/** Entry point of the executor child process. */
import { serveExecutor } from './executor-process.js';

serveExecutor();

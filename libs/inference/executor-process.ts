/**
 * The child's side of an executor: loads model versions, runs micro-batches one after the other.
 *
 * `session.run()` blocks this process's event loop, and a fault in native code ends it. Both are harmless here: the
 * process holds no queue lock, no credential and no connection, only two pipes to its worker.
 */
import { performance } from 'node:perf_hooks';
import type { FromExecutor, ToExecutor, VersionLoad } from '#contract/executor-protocol';
import type { Input, VersionId } from '#domain/model-version';
import { ModelsError } from '#models/integrity';
import { openVersions } from '#models/repository';
import { encodeMessage, encodeRan, readMessages, writeToWorker } from './message-pipe.js';
import { ModelSession } from './session.js';

export interface ExecutorHooks {
  /** Called after `running` was sent and before the graph runs; a test uses it to die at that moment. */
  beforeRun?(inputs: readonly Input[]): void;
}

/** Serves the worker until it is gone. */
export function serveExecutor(hooks: ExecutorHooks = {}): void {
  const sessions = new Map<VersionId, ModelSession>();
  // One after the other: a second run would only wait inside ONNX Runtime, where its `running` would be a lie.
  let turn: Promise<void> = Promise.resolve();
  const onMessage = (received: unknown): void => {
    const message = received as ToExecutor;
    turn = turn.then(() => (message.kind === 'load' ? load(message, sessions) : run(message, sessions, hooks)));
  };
  readMessages(process.stdin, { onMessage, onNonsense: () => process.exit(1) });
  // The worker is gone.
  process.stdin.on('end', () => process.exit(0));
  // Ctrl-C in a terminal reaches every process of the group; the worker decides when its executor ends.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
}

async function load(
  message: Extract<ToExecutor, { kind: 'load' }>,
  sessions: Map<VersionId, ModelSession>,
): Promise<void> {
  try {
    // The files are verified again, by the process that runs them.
    const versions = await openVersions(message.modelsDir, message.versions);
    const loads: VersionLoad[] = [];
    for (const version of versions) {
      const began = performance.now();
      const session = await ModelSession.open(version, { threads: message.threads });
      await session.passGolden(message.golden);
      sessions.set(version.id, session);
      const rowCostMs = await session.measureRowCost();
      loads.push({ versionId: version.id, loadMs: performance.now() - began, rowCostMs });
    }
    send({ kind: 'ready', loads });
  } catch (error) {
    const reason = error instanceof ModelsError ? error.message : 'A model could not be loaded.';
    send({ kind: 'refused', reason });
  }
}

async function run(
  message: Extract<ToExecutor, { kind: 'run' }>,
  sessions: ReadonlyMap<VersionId, ModelSession>,
  hooks: ExecutorHooks,
): Promise<void> {
  const { batch, versionId, inputs } = message;
  const session = sessions.get(versionId);
  if (session === undefined)
    return send({ kind: 'broke', batch, message: 'This executor has not loaded the version.', mayPass: true });
  // It has left this process before native code may end it.
  send({ kind: 'running', batch });
  hooks.beforeRun?.(inputs.map((input) => session.named(input)));
  try {
    writeToWorker(encodeRan({ batch, ...(await session.run(inputs)) }));
  } catch (error) {
    // What the runtime says may hold shapes and paths; people get a sentence of ours.
    const lacksMemory = NO_MEMORY.test(String(error));
    const message = lacksMemory
      ? 'There was not enough memory to run it.'
      : 'The model reported an error while it ran.';
    send({ kind: 'broke', batch, message, mayPass: lacksMemory });
  }
}

/** How ONNX Runtime and C++ say that memory was short. */
const NO_MEMORY = /failed to allocate memory|bad[ _]alloc/i;

function send(message: FromExecutor): void {
  writeToWorker(encodeMessage(message));
}

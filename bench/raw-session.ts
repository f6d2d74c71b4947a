/** Child process of the bench: the graph alone, batch after batch, with the options of our executor. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { serveParent } from './child-channel.js';

export interface RawQuestion {
  readonly file: string;
  readonly tensor: string;
  /** Numbers a row. */
  readonly width: number;
  readonly batchSize: number;
  readonly threads: number;
  readonly seconds: number;
}

export interface RawAnswer {
  readonly rows: number;
  readonly elapsedMs: number;
}

const sessions = new Map<string, Promise<InferenceSession>>();

serveParent(async ({ file, tensor, width, batchSize, threads, seconds }: RawQuestion): Promise<RawAnswer> => {
  const session = await openOnce(file, threads);
  const values = Float32Array.from({ length: batchSize * width }, (_, index) => Math.sin(index));
  const feeds = { [tensor]: new Tensor('float32', values, [batchSize, width]) };
  const began = performance.now();
  let rows = 0;
  for (; performance.now() - began < seconds * 1_000; rows += batchSize) await session.run(feeds);
  return { rows, elapsedMs: performance.now() - began };
});

function openOnce(file: string, threads: number): Promise<InferenceSession> {
  const session =
    sessions.get(file) ??
    InferenceSession.create(file, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      logSeverityLevel: 4,
    });
  sessions.set(file, session);
  return session;
}

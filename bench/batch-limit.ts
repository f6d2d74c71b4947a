/**
 * Child process of the bench: what a batch costs at least. One process reads the same bytes, checks each row with the same
 * rules, runs the graph in whole micro-batches, and writes the same answers as NDJSON. No HTTP, no queue, nothing durable.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { ModelSession } from '#inference/session';
import { compileInputValidator } from '#models/input-validator';
import { openRepository } from '#models/repository';
import type { Input } from '#domain/model-version';
import { readerFor, type RowFormat } from '#rows/format';
import type { RawRow } from '#rows/row';
import { serveParent } from './child-channel.js';

export interface LimitQuestion {
  readonly modelsDir: string;
  readonly model: string;
  readonly file: string;
  readonly format: RowFormat;
  /** Where the answers go. */
  readonly out: string;
}

export interface LimitAnswer {
  readonly rows: number;
  readonly elapsedMs: number;
}

const sessions = new Map<string, ModelSession>();

serveParent(async (question: LimitQuestion): Promise<LimitAnswer> => {
  const repository = await openRepository(question.modelsDir, { verify: 'every-file', only: [question.model] });
  const version = repository.latest(question.model);
  if (version === undefined) throw new Error(`no model ${question.model}`);
  const session = sessions.get(version.id) ?? (await ModelSession.open(version, { threads: 1 }));
  sessions.set(version.id, session);
  const validate = compileInputValidator(version.manifest);
  const most = version.manifest.batching.max_batch_size;
  const reader = readerFor(question.format, version.manifest.inputs);
  const out = createWriteStream(question.out);

  const began = performance.now();
  let index = 0;
  let waiting: Input[] = [];
  const run = async (inputs: readonly Input[]): Promise<void> => {
    const { results } = await session.run(inputs);
    let text = '';
    for (const result of results) {
      text += `${JSON.stringify({ index, id: '', custom_id: null, ...result })}\n`;
      index += 1;
    }
    if (!out.write(text)) await once(out, 'drain');
  };
  const take = async (rows: readonly RawRow[]): Promise<void> => {
    for (const { input } of rows) {
      if (validate(input).length > 0) throw new Error('the bench sends valid rows');
      waiting.push(input as Input);
    }
    while (waiting.length >= most) {
      await run(waiting.slice(0, most));
      waiting = waiting.slice(most);
    }
  };
  for await (const chunk of createReadStream(question.file) as AsyncIterable<Buffer>) await take(reader.push(chunk));
  await take(reader.end());
  if (waiting.length > 0) await run(waiting);
  out.end();
  await finished(out);
  return { rows: index, elapsedMs: performance.now() - began };
});

/**
 * Child process of the bench: a client that sends a file as a batch and keeps the answers in another. It asks for results
 * from the moment its rows have been taken, ten times a second, behind the last one it has, until it has them all.
 */
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveParent } from './child-channel.js';

export interface BatchOrder {
  /** Of the API, on 127.0.0.1. */
  readonly port: number;
  readonly model: string;
  readonly file: string;
  readonly contentType: string;
  readonly rows: number;
  /** Where the answers go; null to leave them where they are. */
  readonly out: string | null;
}

export interface BatchAnswer {
  readonly id: string;
  /** Until the last row was in the queue. */
  readonly uploadMs: number;
  /** Until the last answer was written; the same as `uploadMs` where none was asked for. */
  readonly elapsedMs: number;
}

/** From one question to the next: a client that asks all the time has its own share in how long it takes. */
const ASK_EVERY_MS = 100;
const LINE_END = 0x0a;
const agent = new Agent({ keepAlive: true });

serveParent(async (order: BatchOrder): Promise<BatchAnswer> => {
  const began = performance.now();
  const id = await send(order);
  const uploadMs = performance.now() - began;
  if (order.out !== null) await fetchResults(order, id, order.out);
  return { id, uploadMs, elapsedMs: performance.now() - began };
});

async function send({ port, model, file, contentType }: BatchOrder): Promise<string> {
  const path = `/v1/batches?model=${model}`;
  const outgoing = httpRequest({ port, path, method: 'POST', agent, headers: { 'content-type': contentType } });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  await pipeline(createReadStream(file), outgoing);
  const [response] = await answered;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (response.statusCode !== 201) throw new Error(`the batch was answered with ${response.statusCode}: ${text}`);
  return (JSON.parse(text) as { id: string }).id;
}

async function fetchResults({ port, rows }: BatchOrder, id: string, out: string): Promise<void> {
  const file = createWriteStream(out);
  let received = 0;
  while (received < rows) {
    const next = sleep(ASK_EVERY_MS);
    received += await fetchMore(port, id, received, file);
    if (received < rows) await next;
  }
  file.end();
  await once(file, 'finish');
}

/** @returns lines that came */
async function fetchMore(port: number, id: string, received: number, file: WriteStream): Promise<number> {
  const query = received === 0 ? '' : `?after=${received - 1}`;
  const outgoing = httpRequest({ port, path: `/v1/batches/${id}/results${query}`, agent });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let lines = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(LINE_END); at !== -1; at = chunk.indexOf(LINE_END, at + 1)) lines += 1;
    if (!file.write(chunk)) await once(file, 'drain');
  }
  return lines;
}

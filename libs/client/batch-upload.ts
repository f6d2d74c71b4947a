/** Rows on their way to the API: written down as NDJSON while they are sent. */
import type { BatchRequest, Row } from './resources.js';
import type { Call } from './transport.js';

/** Rows travel in blocks of about so many characters. */
const BLOCK_LENGTH = 65_536;
/** A page's `fetch` sends streams at most over HTTP/2 and not in every browser: there a body is gathered first. */
const inBrowser = 'location' in globalThis;

/** @returns how the rows are sent, and whether they can be sent again */
export async function uploadOf(request: BatchRequest): Promise<Pick<Call, 'headers' | 'content' | 'repeatable'>> {
  if (request.rows !== undefined) {
    const { rows } = request;
    const content = inBrowser ? await gathered(writtenDown(rows)) : () => writtenDown(rows);
    return {
      headers: { 'content-type': 'application/x-ndjson' },
      content,
      repeatable: inBrowser || Array.isArray(rows),
    };
  }
  const { body, type, gzip = false } = request;
  const headers = { 'content-type': type, ...(gzip ? { 'content-encoding': 'gzip' } : {}) };
  if (typeof body === 'string') return { headers, content: () => body, repeatable: true };
  const content = inBrowser ? await gathered(body) : () => body;
  return { headers, content, repeatable: inBrowser };
}

async function* writtenDown(rows: Iterable<Row> | AsyncIterable<Row>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let block = '';
  for await (const row of rows) {
    block += `${JSON.stringify(row)}\n`;
    if (block.length < BLOCK_LENGTH) continue;
    yield encoder.encode(block);
    block = '';
  }
  if (block !== '') yield encoder.encode(block);
}

async function gathered(body: AsyncIterable<Uint8Array>): Promise<() => Blob> {
  const blocks: Uint8Array<ArrayBuffer>[] = [];
  for await (const block of body) blocks.push(block as Uint8Array<ArrayBuffer>);
  const blob = new Blob(blocks);
  return () => blob;
}

/** Files of requests, of which batches are made as clients of OpenAI make them. */
import type { Call } from './http.js';
import type { Caller } from './keys.js';
import { IRIS } from './predictions.js';

const BOUNDARY = 'millrace';

/** @param fields of the form, besides the file */
export function formOf(content: string, fields: Readonly<Record<string, string>> = { purpose: 'batch' }): Call {
  const parts = Object.entries(fields).map(([name, value]) => part(`name="${name}"`, value));
  const file = part('name="file"; filename="requests.jsonl"', content);
  return {
    raw: `${parts.join('')}${file}--${BOUNDARY}--\r\n`,
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
  };
}

export function requestLine(name: string, input: unknown = IRIS.input): string {
  const body = { model: IRIS.version, input };
  return `${JSON.stringify({ custom_id: name, method: 'POST', url: '/v1/predictions', body })}\n`;
}

/** @returns the id of a file with one request */
export async function sendFile(owner: Caller, content = requestLine('r-0')): Promise<string> {
  const { status, json, text } = await owner.call('POST', '/openai/v1/files', formOf(content));
  if (status !== 200) throw new Error(`a file was answered with ${status}: ${text}`);
  return json.id;
}

function part(disposition: string, content: string): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`;
}

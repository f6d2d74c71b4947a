import { describe, expect, it } from 'vitest';
import { readerFor } from './format.js';
import { readRequest } from './request-line.js';

const LINE = { custom_id: 'a', method: 'POST', url: '/v1/predictions', body: { model: 'iris', input: { x: 1 } } };

describe('a line that is a request', () => {
  it('has a name, a model and an input', () => {
    expect(readRequest(LINE)).toEqual({ customId: 'a', model: 'iris', input: { x: 1 } });
    expect(readRequest({ ...LINE, body: { version: 'iris:1.0.0', input: 3 } })).toMatchObject({ model: 'iris:1.0.0' });
  });

  it('is a row with that name and input, however its lines are cut', () => {
    const reader = readerFor('requests', []);
    const bytes = Buffer.from(`${JSON.stringify(LINE)}\n{\n`);
    const rows = [...bytes].flatMap((byte) => reader.push(Uint8Array.of(byte)));
    expect(rows).toMatchObject([
      { customId: 'a', input: { x: 1 }, error: null },
      { customId: null, error: { code: 'invalid_json' } },
    ]);
  });

  it.each([
    ['no object', [], '', 'invalid_request'],
    ['no name', { ...LINE, custom_id: null }, '/custom_id', 'missing_custom_id'],
    ['a number for a name', { ...LINE, custom_id: 7 }, '/custom_id', 'invalid_custom_id'],
    ['a long name', { ...LINE, custom_id: 'x'.repeat(129) }, '/custom_id', 'invalid_custom_id'],
    ['another method', { ...LINE, method: 'post' }, '/method', 'invalid_method'],
    ['another route', { ...LINE, url: '/v1/embeddings' }, '/url', 'invalid_url'],
    ['no body', { ...LINE, body: null }, '/body', 'invalid_body'],
    ['no model', { ...LINE, body: { input: {} } }, '/body/model', 'invalid_model'],
    ['more in its body', { ...LINE, body: { ...LINE.body, priority: 'low' } }, '/body/priority', 'unknown_field'],
  ])('with %s is none', (_, line, pointer, code) => {
    expect(readRequest(line)).toMatchObject({ error: { pointer, code } });
  });
});

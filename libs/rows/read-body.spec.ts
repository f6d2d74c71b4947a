import { once } from 'node:events';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it, vi } from 'vitest';
import { readBody, StalledError } from './read-body.js';
import { BodyError } from './row.js';

const LIMITS = { maxBytes: 1_000_000, maxInflatedBytes: 2_000_000, stallMs: 5_000 };

async function read(chunks: Iterable<Buffer>, encoding: 'identity' | 'gzip', limits = LIMITS): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of readBody(Readable.from(chunks), encoding, limits)) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

const text = Array.from({ length: 20_000 }, (_, i) => `line ${i}`).join('\n');

it('hands on what comes, inflated where it is gzip', async () => {
  expect(await read(pieces(Buffer.from(text), 1_000), 'identity')).toBe(text);
  expect(await read(pieces(gzipSync(text), 7), 'gzip')).toBe(text);
  // Several members are one stream (RFC 1952).
  expect(await read([gzipSync('a'), gzipSync('b')], 'gzip')).toBe('ab');
});

it.each([
  ['cut short', gzipSync(text).subarray(0, -20)],
  ['no gzip', Buffer.from(text)],
  ['followed by something else', Buffer.concat([gzipSync(text), Buffer.from('garbage')])],
])('refuses gzip that is %s', async (_, bytes) => {
  await expect(read([bytes], 'gzip')).rejects.toMatchObject({ code: 'invalid_compression' });
});

it('holds its limits as the bytes come, before and after inflating', async () => {
  let asked = 0;
  function* endless(): Generator<Buffer> {
    for (;;) {
      asked += 1;
      yield Buffer.alloc(100_000);
    }
  }
  await expect(read(endless(), 'identity')).rejects.toMatchObject({ code: 'body_too_large' });
  expect(asked).toBeLessThan(40);
  await expect(read([gzipSync(Buffer.alloc(3_000_000))], 'gzip')).rejects.toThrow(/after inflating/);
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const roomy = { ...LIMITS, maxInflatedBytes: 1e9 };
  await expect(read(pieces(bomb, 1_000), 'gzip', roomy)).rejects.toThrow(/times its size/);
});

it('waits for a slow sender and not for one that has stalled', async () => {
  const stuck = new Readable({ read: () => undefined });
  stuck.push('x');
  const reading = (async () => {
    for await (const chunk of readBody(stuck, 'identity', { ...LIMITS, stallMs: 50 })) expect(chunk).toBeDefined();
  })();
  await expect(reading).rejects.toBeInstanceOf(StalledError);
});

afterEach(() => void vi.useRealTimers());

it('ends an upload that drips, and not one whose reader takes its time', async () => {
  vi.useFakeTimers();
  const limits = { ...LIMITS, stallMs: 30_000 };
  const dripping = new Readable({ read: () => undefined });
  const drip = setInterval(() => dripping.push('x'), 29_000);
  const drained = (async () => {
    for await (const chunk of readBody(dripping, 'identity', limits)) expect(chunk).toHaveLength(1);
  })();
  const refused = expect(drained).rejects.toThrow('Less than 10 KB per second was received for 58 s.');
  await vi.advanceTimersByTimeAsync(60_000);
  await refused;
  clearInterval(drip);

  const ready = Readable.from(Array.from({ length: 20 }, () => Buffer.from('x')));
  const read = (async () => {
    let bytes = 0;
    for await (const chunk of readBody(ready, 'identity', limits)) {
      bytes += chunk.length;
      await new Promise((resolve) => setTimeout(resolve, 20_000));
    }
    return bytes;
  })();
  await vi.advanceTimersByTimeAsync(20 * 20_000);
  expect(await read).toBe(20);
});

it.each(['identity', 'gzip'] as const)('leaves the rest to others once it has ended, %s', async (encoding) => {
  const more = Buffer.alloc(100_000, 'x');
  const body = encoding === 'gzip' ? gzipSync(more) : more;
  const left = async (source: Readable): Promise<number> => {
    source.resume();
    source.push(body);
    source.push(null);
    await once(source, 'end');
    return source.listenerCount('readable');
  };
  // Its reader has enough, the sender stalls, the body is too large.
  const enough = new Readable({ read: () => undefined });
  enough.push(body);
  for await (const chunk of readBody(enough, encoding, LIMITS)) {
    expect(chunk.length).toBeGreaterThan(0);
    break;
  }
  expect(await left(enough)).toBe(0);
  for (const limits of [
    { ...LIMITS, stallMs: 50 },
    { ...LIMITS, maxBytes: 10 },
  ]) {
    const source = new Readable({ read: () => undefined });
    source.push(body.subarray(0, -1));
    const reading = (async () => {
      for await (const chunk of readBody(source, encoding, limits)) expect(chunk).toBeDefined();
    })();
    await expect(reading).rejects.toThrow();
    expect(await left(source)).toBe(0);
  }
});

it('says that the sender went away, also inside gzip', async () => {
  for (const encoding of ['identity', 'gzip'] as const) {
    const torn = Readable.from(
      (function* () {
        yield gzipSync(text).subarray(0, 100);
        throw new Error('aborted');
      })(),
    );
    const reading = (async () => {
      for await (const chunk of readBody(torn, encoding, LIMITS)) expect(chunk).toBeDefined();
    })();
    await expect(reading).rejects.toThrow('aborted');
    await expect(reading).rejects.not.toBeInstanceOf(BodyError);
  }
});

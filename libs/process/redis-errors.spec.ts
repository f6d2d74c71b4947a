import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, it, onTestFinished, vi } from 'vitest';
import { SERIALIZERS } from '#telemetry/logger';
import { logRedisErrors } from './redis-errors.js';

it('logs a flood of errors as a few lines, which say where they come from', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const lines: string[] = [];
  const stream = new Writable({ write: (line: Buffer, _, done) => (lines.push(line.toString()), done()) });
  const onError = logRedisErrors(pino(stream), 'announcement not told yet');
  for (let i = 0; i < 10_000; i += 1) onError(new Error('OOM command not allowed'), { model: 'iris' });
  // All of it happens in one second.
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[0]!)).toMatchObject({ msg: 'announcement not told yet', model: 'iris', suppressed: 0 });
});

it('says where a bug is, and of other errors only what they are', () => {
  const lines: string[] = [];
  const stream = new Writable({ write: (line: Buffer, _, done) => (lines.push(line.toString()), done()) });
  const onError = logRedisErrors(pino({ serializers: SERIALIZERS }, stream));
  onError(new TypeError('rows is not iterable'));
  onError(new Error('WRONGTYPE Operation against a key'));
  const [bug, other] = lines.map((line) => JSON.parse(line) as { category: string; err: { stack?: string } });
  expect(bug).toMatchObject({ category: 'internal', err: { message: 'rows is not iterable' } });
  expect(bug!.err.stack).toContain('redis-errors.spec');
  expect(other).toMatchObject({ category: 'dependency' });
  expect(other!.err.stack).toBeUndefined();
});

import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import type { BatchRow } from '#queue/batch-envelopes';
import { Spool } from './spool.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-spool-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function opened(): Promise<Spool> {
  const spool = await Spool.open(folder);
  onTestFinished(() => spool.close());
  return spool;
}

async function all(spool: Spool): Promise<BatchRow[]> {
  const rows: BatchRow[] = [];
  for await (const some of spool.read()) rows.push(...some);
  return rows;
}

const row = (text: string): BatchRow => ({ input: JSON.stringify([text]), customId: text, problems: null });

it('gives back what it was given, whatever separators the texts hold', async () => {
  const spool = await opened();
  const rows = ['a', 'b\nc', 'd\r\ne', 'f\u2028g', 'h\u2029i', 'ü😀', '"'].map(row);
  await spool.write(rows.slice(0, 3));
  await spool.write(rows.slice(3));
  expect(await all(spool)).toEqual(rows);
});

it('writes on where the disk has taken a part', async () => {
  const spool = await opened();
  await sluggishDisk(7);
  const rows = Array.from({ length: 50 }, (_, n) => row(`row ${n}`));
  await spool.write(rows);
  await spool.write(rows);
  vi.restoreAllMocks();
  expect(await all(spool)).toEqual([...rows, ...rows]);
  expect(spool.sizeBytes).toBe(
    Buffer.byteLength(rows.map((one) => `${JSON.stringify([one.input, one.customId])}\n`).join('')) * 2,
  );
});

type Write = (this: FileHandle, bytes: Buffer, from: number, length: number, at: number) => Promise<unknown>;

/** A disk that takes a few bytes at a time. */
async function sluggishDisk(mostBytes: number): Promise<void> {
  const some = await open(path.join(folder, 'some'), 'w');
  const handles = Object.getPrototypeOf(some) as FileHandle;
  await some.close();
  const write = handles.write as unknown as Write;
  const writeSome: Write = function (this: FileHandle, bytes, from, length, at) {
    return write.call(this, bytes, from, Math.min(mostBytes, length), at);
  };
  vi.spyOn(handles, 'write').mockImplementation(writeSome as FileHandle['write']);
}

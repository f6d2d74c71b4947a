import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '#config/settings';
import type { ExecutorPool } from '#inference/executor-pool';
import { difference } from '#models/golden';
import { entryFile, GOOD_INPUT, IRIS, quarantineWith, readyPool, Row } from '#testing/executors';
import { copyModels, MODELS_DIR } from '#testing/models';
import { ENDLESS, POISON, UNREADABLE } from '#testing/poison';

describe('micro-batches', () => {
  it('form without a timer: what comes while one runs gathers, whichever envelope it is from', async () => {
    const { pool } = await readyPool('inference/executor-main');
    const envelopes = [1, 1, 30, 8].map((size) => Array.from({ length: size }, () => new Row()));
    for (const envelope of envelopes) pool.submit(envelope);
    const outcomes = await Promise.all(envelopes.flat().map((row) => row.outcome));
    const sizes = outcomes.map((outcome) => (outcome.kind === 'succeeded' ? outcome.run.batchSize : 0));
    // The idle executor takes the first at once and has the second behind it; both other envelopes run together.
    expect(sizes).toEqual([1, 1, ...Array<number>(38).fill(38)]);
  });

  it('give each row its own answer', async () => {
    const { pool } = await readyPool('inference/executor-main');
    const rows = IRIS.golden.map(({ input }) => new Row(input));
    pool.submit(rows);
    for (const [index, row] of rows.entries()) {
      const outcome = await row.outcome;
      const example = IRIS.golden[index]!;
      expect(outcome.kind).toBe('succeeded');
      if (outcome.kind !== 'succeeded') continue;
      expect(
        difference(example.output, JSON.parse(outcome.outputJson), example.tolerance),
        `line ${index + 1}`,
      ).toBeNull();
    }
  });
});

describe('one input that kills the child', () => {
  // The story of a whole micro-batch: all of it is suspect, and alone the innocent are acquitted.
  it('fails alone, and its 31 neighbours succeed', async () => {
    const { pool, deaths } = await readyPool('testing/poison-executor');
    const rows = Array.from(
      { length: 32 },
      (_, i) => new Row(i === 13 ? { ...GOOD_INPUT, sepal_length: POISON } : GOOD_INPUT),
    );
    pool.submit(rows);
    const outcomes = await Promise.all(rows.map((row) => row.outcome));
    expect(outcomes).toEqual(Array(32).fill({ kind: 'moved', run: null }));
    expect(deaths).toEqual([{ cause: 'SIGSEGV', suspects: 32 }]);

    const quarantine = quarantineWith('testing/poison-executor');
    const verdicts = await Promise.all(
      rows.map((row) => quarantine.runAlone(row.versionId, row.given, () => undefined)),
    );
    expect(verdicts.filter(({ kind }) => kind === 'succeeded')).toHaveLength(31);
    expect(verdicts[13]).toMatchObject({ kind: 'failed', failure: { code: 'crashed' } });
    expect(rows.every((row) => row.settled.length === 1)).toBe(true);
  });
});

describe('a child that dies while it runs', () => {
  it('makes suspects of what it ran, and of nothing else: what waited runs on the next child', async () => {
    const { pool, deaths } = await readyPool('testing/endless-executor');
    const held = new Row({ ...GOOD_INPUT, sepal_length: ENDLESS });
    const [behind, waiting] = [new Row(), new Row()];
    pool.submit([held]);
    pool.submit([behind]);
    pool.submit([waiting]);
    await held.started;
    process.kill(pool.pids[0]!, 'SIGKILL');
    expect(await held.outcome).toEqual({ kind: 'moved', run: null });
    expect((await behind.outcome).kind).toBe('succeeded');
    expect((await waiting.outcome).kind).toBe('succeeded');
    expect(deaths).toEqual([{ cause: 'SIGKILL', suspects: 1 }]);
  });
});

describe('a child that is killed from outside', () => {
  it('fails nobody while it idles', async () => {
    const { pool, deaths, nextReady } = await readyPool('inference/executor-main');
    const [pid] = pool.pids;
    const back = nextReady();
    process.kill(pid!, 'SIGKILL');
    await back;
    expect(pool.pids).not.toContain(pid);
    const row = new Row();
    pool.submit([row]);
    expect((await row.outcome).kind).toBe('succeeded');
    expect(deaths).toEqual([{ cause: 'SIGKILL', suspects: 0 }]);
  });

  it('fails nobody who was given to it before it began', async () => {
    const { pool, deaths } = await readyPool('inference/executor-main');
    const rows = Array.from({ length: 5 }, () => new Row());
    // Stopped, it takes nothing; killed then, it has begun nothing.
    process.kill(pool.pids[0]!, 'SIGSTOP');
    pool.submit(rows);
    process.kill(pool.pids[0]!, 'SIGKILL');
    const outcomes = await Promise.all(rows.map((row) => row.outcome));
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array(5).fill('succeeded'));
    expect(deaths).toEqual([{ cause: 'SIGKILL', suspects: 0 }]);
  });
});

describe('a child that hangs', () => {
  it('is ended when it does not begin what it was given, and that runs on the next child', async () => {
    const { pool, deaths } = await readyPool('inference/executor-main', { beginMs: 2_000 });
    process.kill(pool.pids[0]!, 'SIGSTOP');
    // Two in its hands, one that waits for it; nobody is suspect.
    const rows = [new Row(), new Row(), new Row()];
    for (const row of rows) pool.submit([row]);
    const outcomes = await Promise.all(rows.map((row) => row.outcome));
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array(3).fill('succeeded'));
    expect(deaths).toEqual([{ cause: 'hung', suspects: 0 }]);
    expect(pool.readyCount).toBe(1);
  });

  it('twice over the same micro-batch costs nobody else a third: its rows leave to run alone', async () => {
    const { pool, deaths } = await readyPool('testing/deaf-executor', { beginMs: 2_000 });
    const [unreadable, beside, behind] = [new Row({ ...GOOD_INPUT, sepal_length: UNREADABLE }), new Row(), new Row()];
    pool.submit([unreadable, beside]);
    pool.submit([behind]);
    // In front again, all three are together the second time; whoever had not been next before has one more child.
    expect(await Promise.all([unreadable.outcome, beside.outcome])).toEqual(
      Array(2).fill({ kind: 'moved', run: null }),
    );
    expect((await behind.outcome).kind).toBe('succeeded');
    expect(deaths).toEqual([
      { cause: 'hung', suspects: 0 },
      { cause: 'hung', suspects: 2 },
    ]);
  });

  it('is left alone while it runs, and while it has nothing to do', async () => {
    const release = await releaseFile();
    const beginMs = 1_000;
    const { pool, deaths } = await readyPool('testing/endless-executor', { beginMs });
    const witness = await readyPool('inference/executor-main', { beginMs });
    const [held, behind] = [new Row({ ...GOOD_INPUT, sepal_length: ENDLESS, release }), new Row()];
    pool.submit([held]);
    pool.submit([behind]);
    await held.started;
    // The time in which a child has to begin passes from here on: another one, which is frozen, is ended for it.
    const late = new Row();
    process.kill(witness.pool.pids[0]!, 'SIGSTOP');
    witness.pool.submit([late]);
    await late.outcome;
    expect(witness.deaths[0]).toEqual({ cause: 'hung', suspects: 0 });
    await writeFile(release, '');
    await Promise.all([held.outcome, behind.outcome]);
    expect(deaths).toEqual([]);
  });
});

describe('a child that talks nonsense', () => {
  it('is ended, and neither brings its parent down nor leaves a row waiting', async () => {
    const { pool, deaths } = await readyPool('testing/babbling-executor');
    const row = new Row();
    pool.submit([row]);
    expect(await row.outcome).toEqual({ kind: 'moved', run: null });
    expect(deaths).toEqual([{ cause: 'nonsense', suspects: 1 }]);
  });
});

describe('a run that takes longer than its version allows', () => {
  it('is ended: its rows leave to run alone, what waited behind it runs on the next child', async () => {
    const { pool, deaths } = await readyPool('testing/endless-executor', { timeoutMs: 1_000 });
    const [endless, neighbour, behind] = [new Row({ ...GOOD_INPUT, sepal_length: ENDLESS }), new Row(), new Row()];
    pool.submit([endless, neighbour]);
    pool.submit([behind]);
    expect(await endless.outcome).toEqual({ kind: 'moved', run: null });
    expect(await neighbour.outcome).toEqual({ kind: 'moved', run: null });
    expect(deaths).toEqual([{ cause: 'timeout', suspects: 2 }]);
    expect((await behind.outcome).kind).toBe('succeeded');
  });
});

describe('runs that take too long, one after the other', () => {
  it('make nobody else wait: the next child starts at once each time', async () => {
    const { pool, deaths } = await readyPool('testing/endless-executor', { timeoutMs: 500 });
    for (let i = 0; i < 3; i += 1) {
      const endless = new Row({ ...GOOD_INPUT, sepal_length: ENDLESS });
      pool.submit([endless]);
      await endless.outcome;
      // Told in the moment of its death, in which a child that died young would have no successor yet.
      expect(pool.pids).toHaveLength(1);
    }
    const innocent = new Row();
    pool.submit([innocent]);
    expect((await innocent.outcome).kind).toBe('succeeded');
    expect(deaths).toEqual(Array(3).fill({ cause: 'timeout', suspects: 1 }));
  });
});

describe('a child that replaces another', () => {
  it('loads what its worker serves, whatever else is being copied into the models folder', async () => {
    const models = await copyModels('iris');
    const { pool, deaths, nextReady } = await readyPool('inference/executor-main', {}, models);
    await mkdir(path.join(models, 'iris', '2.0.0'));
    await writeFile(path.join(models, 'iris', '2.0.0', 'manifest.json'), '{"manifest_ver');
    await mkdir(path.join(models, 'lotus'));
    const back = nextReady();
    process.kill(pool.pids[0]!, 'SIGKILL');
    await back;
    expect(deaths).toEqual([{ cause: 'SIGKILL', suspects: 0 }]);
  });

  it('and cannot load that is one more death: the worker goes on, says why, and tries again', async () => {
    const models = await copyModels('iris');
    const graph = path.join(models, 'iris', '1.0.0', 'model.onnx');
    const bytes = await readFile(graph);
    const { pool, deaths, notLoaded } = await readyPool('inference/executor-main', {}, models);
    await rm(graph);
    process.kill(pool.pids[0]!, 'SIGKILL');
    const row = new Row();
    pool.submit([row]);
    expect(await notLoaded).toBe('Model file iris/1.0.0/model.onnx: is missing');
    await writeFile(graph, bytes);
    expect((await row.outcome).kind).toBe('succeeded');
    expect(new Set(deaths.map(({ cause }) => cause))).toEqual(new Set(['SIGKILL', 'refused']));
  });
});

describe('a canceled prediction that runs on', () => {
  it('is ended with its child, and its neighbours run again', async () => {
    const { pool, deaths } = await readyPool('testing/endless-executor');
    const [endless, neighbour, behind] = [new Row({ ...GOOD_INPUT, sepal_length: ENDLESS }), new Row(), new Row()];
    pool.submit([endless, neighbour]);
    pool.submit([behind]);
    await endless.started;
    endless.isMarked = true;
    pool.endMarked();
    expect(await endless.outcome).toEqual({ kind: 'dropped' });
    const outcomes = await Promise.all([neighbour.outcome, behind.outcome]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['succeeded', 'succeeded']);
    expect(deaths).toEqual([{ cause: 'canceled', suspects: 0 }]);
  });

  it('costs a neighbour one run at most: the second is left to end, however many more are canceled in it', async () => {
    const release = await releaseFile();
    const { pool, deaths } = await readyPool('testing/endless-executor');
    const witness = await readyPool('testing/endless-executor');
    const neighbour = new Row();
    const next = await runsAgain(pool, neighbour, { release });
    const alone = new Row({ ...GOOD_INPUT, sepal_length: ENDLESS });
    witness.pool.submit([alone]);
    await Promise.all([next.started, alone.started]);
    cancel(pool, next);
    // When this one has been ended, so would have been the other.
    cancel(witness.pool, alone);
    expect(await alone.outcome).toEqual({ kind: 'dropped' });
    await writeFile(release, '');
    expect((await neighbour.outcome).kind).toBe('succeeded');
    expect(deaths).toEqual([{ cause: 'canceled', suspects: 0 }]);
  });

  it('is ended also beside one whose run was ended before, once that is canceled too', async () => {
    const { pool, deaths } = await readyPool('testing/endless-executor');
    const neighbour = new Row();
    const next = await runsAgain(pool, neighbour);
    await next.started;
    cancel(pool, next);
    cancel(pool, neighbour);
    expect(await Promise.all([next.outcome, neighbour.outcome])).toEqual(Array(2).fill({ kind: 'dropped' }));
    expect(deaths).toEqual(Array(2).fill({ cause: 'canceled', suspects: 0 }));
  });

  it('is ended as well when it was marked while it waited behind another run', async () => {
    const release = await releaseFile();
    const { pool, deaths } = await readyPool('testing/endless-executor');
    const first = new Row({ ...GOOD_INPUT, sepal_length: ENDLESS, release });
    const behind = new Row({ ...GOOD_INPUT, sepal_length: ENDLESS });
    pool.submit([first]);
    pool.submit([behind]);
    await first.started;
    behind.isMarked = true;
    pool.endMarked();
    await writeFile(release, '');
    // Whoever runs unmarked is left alone.
    expect((await first.outcome).kind).not.toBe('dropped');
    expect(await behind.outcome).toEqual({ kind: 'dropped' });
    expect(deaths).toEqual([{ cause: 'canceled', suspects: 0 }]);
  });
});

it('a worker that has no file handle left for an executor lives, and has one when there are some again', async () => {
  const script = path.join(projectRoot(), 'dist', 'libs', 'testing', 'short-of-handles.js');
  const words = [script, entryFile('inference/executor-main'), MODELS_DIR, IRIS.id];
  const limited = ['-c', 'ulimit -n 128; exec "$0" "$@"', process.execPath, ...words];
  const { stdout } = await promisify(execFile)('sh', limited);
  expect(stdout.trim().split('\n')).toEqual(['begins', 'not started', 'ready']);
});

/** @returns a file that is not there yet; an endless run that names it ends when it is */
async function releaseFile(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-release-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return path.join(folder, 'now');
}

function cancel(pool: ExecutorPool, row: Row): void {
  row.isMarked = true;
  pool.endMarked();
}

/**
 * Ends the run of the neighbour once, by a cancel of what ran with it.
 * @returns what runs with it the next time, endless as well
 */
async function runsAgain(pool: ExecutorPool, neighbour: Row, ends: object = {}): Promise<Row> {
  const first = new Row({ ...GOOD_INPUT, sepal_length: ENDLESS });
  const next = new Row({ ...GOOD_INPUT, sepal_length: ENDLESS, ...ends });
  pool.submit([first, neighbour]);
  pool.submit([next]);
  await first.started;
  cancel(pool, first);
  expect(await first.outcome).toEqual({ kind: 'dropped' });
  return next;
}

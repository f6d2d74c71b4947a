import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Quarantine } from '#inference/quarantine';
import { openRepository } from '#models/repository';
import { executorOptions, GOOD_INPUT, IRIS, quarantineWith } from '#testing/executors';
import { copyModels, copySlowModel } from '#testing/models';
import { ENDLESS, POISON, UNREADABLE } from '#testing/poison';
import { until } from '#testing/patience';
import { signal } from '#testing/signal';

const ignore = (): void => undefined;

it('acquits the innocent: it runs alone and succeeds', async () => {
  const quarantine = quarantineWith('inference/executor-main');
  const started = signal<number>();
  const verdict = await quarantine.runAlone(IRIS.id, GOOD_INPUT, started.send);
  expect(verdict).toMatchObject({ kind: 'succeeded', run: { batchSize: 1, startedAtMs: await started.seen } });
});

it('condemns only after two fresh children have died, whatever the first had run before', async () => {
  const quarantine = quarantineWith('testing/poison-executor');
  await quarantine.runAlone(IRIS.id, GOOD_INPUT, ignore);
  const used = quarantine.pid;
  const children: (number | undefined)[] = [];
  const verdict = await quarantine.runAlone(IRIS.id, { ...GOOD_INPUT, sepal_length: POISON }, () => {
    children.push(quarantine.pid);
  });
  expect(verdict).toEqual({
    kind: 'failed',
    failure: {
      code: 'crashed',
      message: 'The executor process ended by SIGSEGV each time this prediction ran alone.',
    },
  });
  expect(children[0]).toBe(used);
  expect(new Set(children).size).toBe(3);
  // And whoever comes next is served.
  expect((await quarantine.runAlone(IRIS.id, GOOD_INPUT, ignore)).kind).toBe('succeeded');
});

it('fails nobody whose child was killed once from outside, in the middle of the run', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-release-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const release = path.join(folder, 'now');
  const quarantine = quarantineWith('testing/endless-executor');
  const runs = signal();
  const verdict = quarantine.runAlone(IRIS.id, { ...GOOD_INPUT, sepal_length: ENDLESS, release }, () => runs.send());
  await runs.seen;
  process.kill(quarantine.pid!, 'SIGKILL');
  // Only the next child gets past it.
  await writeFile(release, '');
  expect((await verdict).kind).toBe('succeeded');
});

it('decides nothing about a prediction whose children were killed from outside, however often', async () => {
  const quarantine = quarantineWith('testing/endless-executor');
  const killIt = (): void => void process.kill(quarantine.pid!, 'SIGKILL');
  const verdict = await quarantine.runAlone(IRIS.id, { ...GOOD_INPUT, sepal_length: ENDLESS }, killIt);
  expect(verdict).toEqual({ kind: 'undecided', reason: 'An executor process ended by SIGKILL while it ran.' });
});

it('decides nothing where no child can start', async () => {
  const options = { ...executorOptions('inference/executor-main'), entry: '/nowhere/executor.js' };
  const quarantine = new Quarantine(options, ignore);
  expect(await quarantine.runAlone(IRIS.id, GOOD_INPUT, ignore)).toEqual({
    kind: 'undecided',
    reason: 'An executor process ended by code 1 before it ran.',
  });
});

it('decides nothing where memory is short', async () => {
  const modelsDir = await copySlowModel();
  const slow = (await openRepository(modelsDir, { verify: 'every-file' })).latest('slow')!;
  const options = { ...executorOptions('inference/executor-main', modelsDir), versions: [slow] };
  const quarantine = new Quarantine(options, ignore);
  onTestFinished(() => quarantine.close());
  // Matrices that no machine has room for.
  expect(await quarantine.runAlone(slow.id, { size: 1_000_000_000 }, ignore)).toEqual({
    kind: 'undecided',
    reason: 'There was not enough memory to run it.',
  });
  expect(await quarantine.runAlone(slow.id, { size: 2 }, ignore)).toMatchObject({ kind: 'succeeded' });
});

it('decides nothing where the models cannot be loaded, and says why; then they can, and it does', async () => {
  const models = await copyModels('iris');
  const graph = path.join(models, 'iris', '1.0.0', 'model.onnx');
  const bytes = await readFile(graph);
  const reasons: string[] = [];
  const options = executorOptions('inference/executor-main', models);
  const quarantine = new Quarantine(options, (reason) => reasons.push(reason));
  onTestFinished(() => quarantine.close());
  await rm(graph);
  expect(await quarantine.runAlone(IRIS.id, GOOD_INPUT, ignore)).toEqual({
    kind: 'undecided',
    reason: 'An executor process ended by refused before it ran.',
  });
  expect(reasons).toEqual(Array(2).fill('Model file iris/1.0.0/model.onnx: is missing'));
  await writeFile(graph, bytes);
  expect((await quarantine.runAlone(IRIS.id, GOOD_INPUT, ignore)).kind).toBe('succeeded');
});

it('takes its turns: a verdict waits for the one before', async () => {
  const quarantine = quarantineWith('inference/executor-main');
  const order: string[] = [];
  const judge = async (name: string): Promise<void> => {
    await quarantine.runAlone(IRIS.id, GOOD_INPUT, () => order.push(`${name} starts`));
    order.push(`${name} ends`);
  };
  await Promise.all(['a', 'b', 'c'].map(judge));
  expect(order).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
});

it('ends a run that takes longer than its version allows, and serves whoever comes next', async () => {
  const quarantine = quarantineWith('testing/endless-executor', { timeoutMs: 1_000 });
  const verdict = await quarantine.runAlone(IRIS.id, { ...GOOD_INPUT, sepal_length: ENDLESS }, ignore);
  expect(verdict).toEqual({
    kind: 'failed',
    failure: {
      code: 'timeout',
      message: 'The prediction ran alone for longer than the 1000 ms that its version allows.',
    },
  });
  expect((await quarantine.runAlone(IRIS.id, GOOD_INPUT, ignore)).kind).toBe('succeeded');
});

it('ends a child that does not begin, and makes no verdict of that', async () => {
  const quarantine = quarantineWith('inference/executor-main', { beginMs: 2_000 });
  expect((await quarantine.runAlone(IRIS.id, GOOD_INPUT, ignore)).kind).toBe('succeeded');
  process.kill(quarantine.pid!, 'SIGSTOP');
  expect((await quarantine.runAlone(IRIS.id, GOOD_INPUT, ignore)).kind).toBe('succeeded');
});

it('gives a prediction up that no child begins, undecided, and serves whoever comes next', async () => {
  const quarantine = quarantineWith('testing/deaf-executor', { beginMs: 2_000 });
  expect(await quarantine.runAlone(IRIS.id, { ...GOOD_INPUT, sepal_length: UNREADABLE }, ignore)).toEqual({
    kind: 'undecided',
    reason: 'An executor process ended by hung before it ran.',
  });
  expect((await quarantine.runAlone(IRIS.id, GOOD_INPUT, ignore)).kind).toBe('succeeded');
});

it('ends a run whose prediction is canceled meanwhile, and fails nobody for it', async () => {
  const quarantine = quarantineWith('testing/endless-executor');
  const runs = signal();
  let canceled = false;
  const input = { ...GOOD_INPUT, sepal_length: ENDLESS };
  const verdict = quarantine.runAlone(
    IRIS.id,
    input,
    () => runs.send(),
    () => canceled,
  );
  await runs.seen;
  canceled = true;
  quarantine.endMarked();
  expect(await verdict).toEqual({ kind: 'dropped' });
  expect((await quarantine.runAlone(IRIS.id, GOOD_INPUT, ignore)).kind).toBe('succeeded');
});

it('ends it as well when the cancel came while its child started', async () => {
  const quarantine = quarantineWith('testing/endless-executor');
  let canceled = false;
  const input = { ...GOOD_INPUT, sepal_length: ENDLESS };
  const verdict = quarantine.runAlone(IRIS.id, input, ignore, () => canceled);
  await until(() => quarantine.pid, { deadlineMs: 30_000, what: 'the child' });
  canceled = true;
  quarantine.endMarked();
  expect(await verdict).toEqual({ kind: 'dropped' });
});

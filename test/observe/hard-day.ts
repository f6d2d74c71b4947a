/**
 * A hard day in a minute: a fleet with two models, callers of every kind, and one fault after the other, so that each
 * panel of a dashboard has something to show.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectRoot } from '#config/settings';
import { batchEnded, irisRow, ndjson, sendBatch } from '#testing/batches';
import type { Fleet, FleetProcess } from '#testing/fleet';
import { metric } from '#testing/http';
import { MODELS_DIR } from '#testing/models';
import { until } from '#testing/patience';
import { IRIS, post, predict } from '#testing/predictions';
import { freePort, type TestRedis } from '#testing/redis-server';
import type { WebhookReceiver } from '#testing/webhook-receiver';

/** So many predictions may wait: few enough to be reached. */
const QUEUE_DEPTH = 60;
/** The janitor looks every 15 seconds. */
const JANITOR_MS = 40_000;
/** A refusal goes on for longer than two scrapes: a counter that is born with its last value has no rate. */
const REFUSED_MS = 3_000;
/** A dead worker's lock has to run out. */
const TAKEOVER_MS = 40_000;

export interface Day {
  readonly settings: Readonly<Record<string, string>>;
  readonly api: FleetProcess;
  readonly courier: FleetProcess;
  readonly workers: readonly FleetProcess[];
}

/** A folder with iris, and a model whose long runs are longer than it allows. */
export async function modelsOfTheDay(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-models-'));
  await cp(path.join(MODELS_DIR, 'iris'), path.join(folder, 'iris'), { recursive: true });
  await cp(path.join(projectRoot(), 'training', 'fixtures', 'models'), folder, { recursive: true });
  const file = path.join(folder, 'slow', '1.0.0', 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as { timeout_ms: number };
  manifest.timeout_ms = 200;
  await writeFile(file, JSON.stringify(manifest));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export async function begin(fleet: Fleet, redis: TestRedis, modelsDir: string): Promise<Day> {
  const settings = {
    REDIS_URL: redis.url,
    MODELS_DIR: modelsDir,
    MAX_QUEUE_DEPTH: String(QUEUE_DEPTH),
    WEBHOOK_ALLOW_PRIVATE: 'true',
  };
  const api = fleet.launch('api', settings);
  // Somebody comes after it on the same port, which nobody else may have taken by then.
  const worker = await fleet.worker({ ...settings, OPS_PORT: String(await freePort()) });
  await api.ready();
  return { settings, api, courier: await fleet.courier(settings), workers: [worker, await fleet.worker(settings)] };
}

/** Callers that wait, that do not, of low priority, with webhooks, with wrong inputs; a batch; runs that take too long. */
export async function busyHours({ api }: Day, receiver: WebhookReceiver, ms: number): Promise<void> {
  receiver.answering = ({ path: where }, response) =>
    void response.writeHead(where.startsWith('/broken') ? 500 : 204).end();
  const end = Date.now() + ms;
  const { json: batch } = await sendBatch(api, { body: ndjson(Array.from({ length: 50 }, (_, n) => irisRow(n))) });
  const caller = async (name: number): Promise<void> => {
    while (Date.now() < end) {
      await predict(api, IRIS);
      const hook = receiver.url(name === 0 ? '/broken' : '/well');
      await post(api, { ...IRIS, webhook: hook, webhook_events_filter: ['start', 'output', 'completed'] });
      await post(api, { ...IRIS, priority: 'low' });
      await post(api, { ...IRIS, input: { ...(IRIS.input as object), sepal_width: 34 } });
      await predict(api, { version: 'slow', input: { size: 2 } });
    }
  };
  await Promise.all([0, 1, 2].map(caller));
  // A queue of so little depth is full for a moment where callers are quick.
  const tooLong = async (): Promise<boolean> =>
    (await predict(api, { version: 'slow', input: { size: 3_000 } })).status === 'failed';
  for (let run = 0; run < 4; run += 1) await until(tooLong, { deadlineMs: 60_000, what: 'a run to take too long' });
  await batchEnded(api, batch.id);
}

async function goesOn(refused: () => Promise<boolean>, what: string): Promise<void> {
  await until(refused, { deadlineMs: 20_000, what });
  for (const end = Date.now() + REFUSED_MS; Date.now() < end;) await refused();
}

/** Where Prometheus looks for the worker that was there before. */
function portOf(worker: FleetProcess | undefined): string {
  return worker === undefined ? '0' : new URL(worker.opsUrl).port;
}

/** Both workers die with their hands full; the queue fills up; deadlines pass; another worker takes all of it over. */
export async function deadWorkers(fleet: Fleet, { settings, api, courier, workers }: Day): Promise<FleetProcess> {
  const held = (): Promise<number> =>
    metric(api.opsUrl, 'millrace_queue_predictions', { model: 'iris', state: 'active' });
  const freeze = async (): Promise<boolean> => {
    for (const worker of workers) for (const pid of await worker.executors()) process.kill(pid, 'SIGSTOP');
    await post(api, IRIS);
    return (await held()) > 0;
  };
  // Again and again: an executor whose run has just timed out may have an heir that nobody has seen yet.
  await until(freeze, { deadlineMs: 30_000, what: 'workers to hold predictions' });
  for (const worker of workers) await worker.kill();
  const full = async (): Promise<boolean> => (await post(api, IRIS, { 'cancel-after': '1s' })).status === 429;
  await goesOn(full, 'the queue to be full');
  const mended = (): Promise<number> => metric(courier.opsUrl, 'millrace_janitor_mended_total', { what: 'deadline' });
  await until(async () => (await mended()) > 0, { deadlineMs: JANITOR_MS, what: 'the janitor to mend deadlines' });
  // Prometheus has to have seen that nobody serves any more: the dead are forgotten after ten seconds.
  const deserted = async (): Promise<boolean> =>
    (await metric(api.opsUrl, 'millrace_model_workers', { model: 'iris' })) === 0;
  await goesOn(deserted, 'the dead workers to be forgotten');
  const heir = await fleet.worker({ ...settings, OPS_PORT: portOf(workers[0]) });
  const stalled = (): Promise<number> => metric(heir.opsUrl, 'millrace_envelopes_stalled_total');
  await until(async () => (await stalled()) > 0, { deadlineMs: TAKEOVER_MS, what: 'envelopes to come back' });
  // An API that remembers a full queue would answer 429 whatever becomes of Redis.
  const waiting = (): Promise<number> => metric(api.opsUrl, 'millrace_queue_predictions', { model: 'iris' });
  await until(async () => (await waiting()) === 0, { deadlineMs: TAKEOVER_MS, what: 'the queue to be empty' });
  return heir;
}

/** Redis is silent, then it is full, then it is well. */
export async function sickRedis({ api }: Day, redis: TestRedis): Promise<void> {
  redis.freeze();
  const away = async (): Promise<boolean> => (await post(api, IRIS)).status === 503;
  await goesOn(away, 'a 503');
  redis.thaw();
  await api.ready('degraded');
  await redis.with((client) => client.config('SET', 'maxmemory', '1mb'));
  const full = async (): Promise<boolean> => (await post(api, IRIS)).json.code === 'storage_full';
  await goesOn(full, 'Redis to be full');
  await redis.with((client) => client.config('SET', 'maxmemory', '0'));
  const well = async (): Promise<boolean> => (await post(api, IRIS)).status === 201;
  await until(well, { deadlineMs: 20_000, what: 'Redis to have room' });
}

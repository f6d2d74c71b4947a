/** `millrace status`: the fleet on one screen. */
import type { DeadLetter, FleetStatus, ModelStatus } from '#client/operator-client';
import { renderTable } from '../table.js';
import type { Target } from '../target.js';
import { inWords } from './durations.js';
import { operatorOf } from './operator.js';

export async function status(target: Target, asJson: boolean): Promise<void> {
  const fleet = await operatorOf(target).fleet();
  console.log(asJson ? JSON.stringify(fleet) : describeFleet(fleet));
}

const MODEL_HEADS = ['model', 'version', 'state', 'waiting', 'in batches', 'running', 'oldest', 'a second', 'to drain'];

export function describeFleet(fleet: FleetStatus): string {
  const { version, redis, degraded, workers, models, deliveries, last_failures: failures } = fleet;
  const share = `${(redis.memory_share * 100).toFixed(0)} % of its memory used`;
  const { endpoints_owed: owed, endpoints_broken: broken, dead_letters: dead, oldest_due: due } = deliveries;
  const late = due > 60 ? `, the oldest has been due for ${inWords(due)}` : '';
  return [
    `Millrace ${version}. Redis is ${redis.up ? 'up' : 'away'}, ${share}, ${(redis.round_trip * 1_000).toFixed(1)} ms.`,
    ...degraded.map((line) => `! ${line}`),
    '',
    renderTable([...MODEL_HEADS, 'workers', 'executors', 'failed'], models.map(modelRow)),
    '',
    workers.length === 0 ? 'No worker is alive: what is accepted waits.' : workerTable(fleet),
    '',
    `Webhooks: ${owed} endpoints have some pending, ${broken} are failing, ${dead} webhooks were given up${late}.`,
    ...(failures.length === 0 ? [] : ['', 'Last failures', failureTable(failures)]),
  ].join('\n');
}

function modelRow(one: ModelStatus): string[] {
  return [
    one.model,
    one.version_label,
    one.state,
    inGroups(one.waiting.normal),
    inGroups(one.waiting.low),
    inGroups(one.running),
    inWords(one.oldest_waiting),
    one.rate.toFixed(one.rate >= 10 ? 0 : 1),
    inWords(one.time_to_drain),
    String(one.workers),
    String(one.executors),
    inGroups(one.dead_letters),
  ];
}

function workerTable({ workers }: FleetStatus): string {
  const rows = workers.map(({ host, pid, executors, models, started_at: since }) => [
    host,
    String(pid),
    `${executors.busy} of ${executors.ready} busy`,
    models.join(' '),
    since.slice(0, 19).replace('T', ' '),
  ]);
  return renderTable(['worker', 'pid', 'executors', 'has loaded', 'since (UTC)'], rows);
}

/** The last failures of a fleet do not say whose they are, dead letters do. */
type Failure = FleetStatus['last_failures'][number] & Partial<Pick<DeadLetter, 'client'>>;

export function failureTable(failures: readonly Failure[]): string {
  const rows = failures.map(({ id, model, version_label: label, client, error_code: code, error, failed_at: at }) => [
    at.slice(0, 19).replace('T', ' '),
    id,
    `${model}:${label}`,
    ...(client === undefined ? [] : [client]),
    `${code}: ${error}`,
  ]);
  const isNamed = failures.some(({ client }) => client !== undefined);
  return renderTable(['failed (UTC)', 'prediction', 'version', ...(isNamed ? ['client'] : []), 'why'], rows);
}

function inGroups(count: number): string {
  return count.toLocaleString('en-US');
}

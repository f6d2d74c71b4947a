/** What the API knows of queues, workers and Redis, as its gauges say it. */
import { PRIORITIES } from '#domain/prediction';
import type { ModelRepository } from '#models/repository';
import type { Backlog, QueueBacklog } from '#queue/backlog';
import { MODEL_STATES, type ModelSwitch } from '#queue/model-switch';
import type { RedisWatch } from '#queue/redis-watch';
import type { FleetGauges, QueueState } from '#telemetry/fleet-gauges';
import type { FleetView } from './fleet-view.js';
import type { WorkAhead } from './work-ahead.js';

export interface FleetMetricsParts {
  readonly repository: ModelRepository;
  readonly backlog: Pick<Backlog, 'of'>;
  readonly fleet: Pick<FleetView, 'workers'>;
  readonly ahead: Pick<WorkAhead, 'workSeconds' | 'drainSeconds'>;
  readonly switches: Pick<ModelSwitch, 'stateOf'>;
  readonly redis: Pick<RedisWatch, 'facts' | 'keepsAll' | 'isAnswering'>;
}

const STATES = ['waiting', 'active', 'delayed'] as const;

export function fleetGauges({ repository, backlog, fleet, ahead, switches, redis }: FleetMetricsParts): FleetGauges {
  const queueOf = (model: string): QueueState => {
    const { byPriority, jobs, deadLetters } = backlog.of(model);
    const versionId = repository.latest(model)?.id ?? '';
    return {
      model,
      predictions: PRIORITIES.flatMap((priority) =>
        STATES.map((state) => ({ priority, state, count: byPriority[priority][state] })),
      ),
      jobs,
      oldestWaiting: PRIORITIES.map((priority) => ({ priority, seconds: ageSeconds(byPriority[priority]) })),
      workSeconds: ahead.workSeconds(model, versionId),
      drainSeconds: ahead.drainSeconds(model, versionId),
      deadLetters,
      states: MODEL_STATES.map((state) => ({ state, isOn: switches.stateOf(model) === state })),
      workers: fleet.workers.filter(({ models }) => models.includes(model)).length,
    };
  };
  return {
    queues: () => repository.names().map(queueOf),
    workers: () =>
      fleet.workers.map(({ id, versions }) => ({
        id,
        loaded: versions.map((served) => ({
          model: served.model,
          version: repository.byId(served.id)?.label ?? 'unknown',
        })),
      })),
    redis: () => ({
      memoryShare: redis.facts.memoryShare,
      keepsAll: redis.keepsAll,
      appends: redis.facts.appends,
      roundTripSeconds: redis.facts.roundTripMs / 1_000,
    }),
    isRedisUp: () => redis.isAnswering(),
  };
}

function ageSeconds({ oldestAtMs }: QueueBacklog): number {
  return oldestAtMs === null ? 0 : Math.max(0, (Date.now() - oldestAtMs) / 1_000);
}

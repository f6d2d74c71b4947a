import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { type Status, TRANSITIONS } from '#domain/prediction';
import { MODEL_STATES, type ModelState } from '#queue/model-switch';
import { MODEL_NAME, MODEL_NAME_RULE } from '../model-name.js';
import type { FailureStatus, FleetStatus, ModelStatus, WorkerStatus } from './fleet-status.js';
import { STEPS, type TimelineStep } from './timeline.js';

const ID_RULE = "must be one given by Millrace (it begins with p), not a client's own";

export class ModelParam {
  @ApiProperty({ description: 'Its name, without its owner.', example: 'iris' })
  @Matches(MODEL_NAME, { message: MODEL_NAME_RULE })
  model!: string;
}

export class PredictionParam {
  @ApiProperty({ description: 'Id of a prediction of any client.' })
  @Matches(/^p[0-9a-v]{32}$/, { message: ID_RULE })
  id!: string;
}

class WaitingResource {
  @ApiProperty({ description: 'Predictions that wait, estimated from jobs and a sample of their sizes.', example: 12 })
  normal!: number;

  @ApiProperty({ description: 'Rows of batches, and predictions of low priority.', example: 40_000 })
  low!: number;
}

class ExecutorsResource {
  @ApiProperty({ example: 1 })
  ready!: number;

  @ApiProperty({ example: 1 })
  busy!: number;
}

export class ModelStatusResource implements ModelStatus {
  @ApiProperty({ example: 'iris' })
  model!: string;

  @ApiProperty({ description: 'Label of the version that the bare name stands for.', example: '1.0.0' })
  version_label!: string;

  @ApiProperty({
    enum: MODEL_STATES,
    description:
      '`paused`: predictions are accepted and wait. `draining`: nothing new is accepted, and what was accepted runs.',
    example: 'paused',
  })
  state!: ModelState;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null while it runs.' })
  state_since!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The client of the key.', example: 'night-shift' })
  state_by!: string | null;

  @ApiProperty({ description: 'Live workers that serve it.', example: 2 })
  workers!: number;

  @ApiProperty({ description: 'Their executors that are ready.', example: 2 })
  executors!: number;

  @ApiProperty()
  waiting!: WaitingResource;

  @ApiProperty({ description: 'Predictions that a worker has in hand, estimated in the same way.', example: 16 })
  running!: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Age of the oldest waiting prediction, in seconds.',
    example: 0.4,
  })
  oldest_waiting!: number | null;

  @ApiProperty({ description: 'Predictions that end per second.', example: 812 })
  rate!: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Seconds until what waits has run; null when unknown, and while the model is paused.',
    example: 49.3,
  })
  time_to_drain!: number | null;

  @ApiProperty({ description: 'Predictions that failed for good and are kept.', example: 0 })
  dead_letters!: number;
}

export class ModelStatusList {
  @ApiProperty({ type: String, nullable: true, description: 'Always null: all of them are here.' })
  next!: string | null;

  @ApiProperty({ type: String, nullable: true })
  previous!: string | null;

  @ApiProperty({ type: [ModelStatusResource] })
  results!: readonly ModelStatusResource[];
}

export class WorkerResource implements WorkerStatus {
  @ApiProperty({ description: 'Its name in metrics; it changes with each restart.' })
  id!: string;

  @ApiProperty({ example: 'worker-7d9f' })
  host!: string;

  @ApiProperty({ example: 4711 })
  pid!: number;

  @ApiProperty({ format: 'date-time' })
  started_at!: string;

  @ApiProperty({ type: [String], description: 'What it has loaded.', example: ['iris:1.0.0'] })
  models!: readonly string[];

  @ApiProperty()
  executors!: ExecutorsResource;
}

class RedisResource {
  @ApiProperty()
  up!: boolean;

  @ApiProperty({ description: 'Share of its memory that is used, 0 to 1.', example: 0.12 })
  memory_share!: number;

  @ApiProperty({ description: 'Seconds that a round trip takes.', example: 0.0004 })
  round_trip!: number;
}

class FailureResource implements FailureStatus {
  @ApiProperty()
  id!: string;

  @ApiProperty({ example: 'iris' })
  model!: string;

  @ApiProperty({ example: '1.0.0' })
  version_label!: string;

  @ApiProperty({ example: 'timeout' })
  error_code!: string;

  @ApiProperty({ example: 'The run took longer than 2000 ms.' })
  error!: string;

  @ApiProperty({ format: 'date-time' })
  failed_at!: string;
}

class OwedResource {
  @ApiProperty({ description: 'Endpoints that are owed webhooks.', example: 3 })
  endpoints_owed!: number;

  @ApiProperty({ description: 'Those among them that keep failing, and get one try at a time.', example: 1 })
  endpoints_broken!: number;

  @ApiProperty({ description: 'Seconds for which the oldest try has been due.', example: 0 })
  oldest_due!: number;

  @ApiProperty({ description: 'Webhooks that were given up and are kept.', example: 0 })
  dead_letters!: number;
}

export class FleetResource implements FleetStatus {
  @ApiProperty({ description: 'Version of the API that answers.', example: '0.1.0' })
  version!: string;

  @ApiProperty()
  commit!: string;

  @ApiProperty({ type: [String], description: 'What works less well, in words.', example: ['iris is paused'] })
  degraded!: readonly string[];

  @ApiProperty()
  redis!: RedisResource;

  @ApiProperty({ type: [WorkerResource] })
  workers!: readonly WorkerResource[];

  @ApiProperty({ type: [ModelStatusResource] })
  models!: readonly ModelStatusResource[];

  @ApiProperty({ type: [FailureResource], description: 'Newest first, at most ten.' })
  last_failures!: readonly FailureResource[];

  @ApiProperty()
  deliveries!: OwedResource;
}

class StepResource implements TimelineStep {
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  at!: string | null;

  @ApiProperty({ enum: STEPS })
  step!: TimelineStep['step'];

  @ApiProperty({ description: 'In words.', example: 'to run, in a micro-batch of 32' })
  detail!: string;
}

export class TimelineResource {
  @ApiProperty()
  id!: string;

  @ApiProperty({ example: 'iris' })
  model!: string;

  @ApiProperty({ example: '1.0.0' })
  version_label!: string;

  @ApiProperty({ description: 'The client that it belongs to.', example: 'shop' })
  client!: string;

  @ApiProperty({ enum: Object.keys(TRANSITIONS) })
  status!: Status;

  @ApiProperty({ type: String, nullable: true })
  error_code!: string | null;

  @ApiProperty({ type: String, nullable: true })
  error!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it is not running now, if an operator or the fleet is the reason.',
    example: 'The model has been paused since 2026-11-26T03:00:00.000Z by night-shift.',
  })
  held!: string | null;

  @ApiProperty({ type: [StepResource], description: 'Oldest first.' })
  steps!: readonly StepResource[];
}

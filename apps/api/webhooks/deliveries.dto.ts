import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { EVENT_KINDS, type EventKind } from '#domain/callback';
import type { DeliveryStatus } from '#domain/delivery';

const STATUSES: readonly DeliveryStatus[] = ['pending', 'delivered', 'failed'];
const ID = /^[0-9a-v]{20,40}-(start|output|completed)$/;
/** The same with its age in front: the place of a delivery that may be gone. */
const PLACE = /^(\d{1,16}-)?[0-9a-v]{20,40}-(start|output|completed)$/;
const ID_RULE = 'must be the id of a delivery';
const LIMIT = /^([1-9]\d?|[1-4]\d\d|500)$/;

export class DeliveryParams {
  @ApiProperty({ description: 'The `webhook-id` of the message.' })
  @Matches(ID, { message: ID_RULE })
  id!: string;
}

export class DeliveryQuery {
  @ApiPropertyOptional({ enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES, { message: `must be one of ${STATUSES.join(', ')}` })
  status?: DeliveryStatus;

  @ApiPropertyOptional({ description: 'At most 500; by default 100.', type: Number })
  @IsOptional()
  @Matches(LIMIT, { message: 'must be from 1 to 500' })
  limit?: string;

  @ApiPropertyOptional({ description: 'Where the previous page ended: the cursor in its `next`.' })
  @IsOptional()
  @Matches(PLACE, { message: ID_RULE })
  before?: string;
}

export class EventQuery {
  @ApiPropertyOptional({ description: 'The `cursor` of the last event that you have, or `next` of the previous page.' })
  @IsOptional()
  @Matches(/^\d{1,16}-\d{1,10}$/, { message: 'must be the cursor of an event' })
  after?: string;

  @ApiPropertyOptional({ description: 'At most 500; by default 100.', type: Number })
  @IsOptional()
  @Matches(LIMIT, { message: 'must be from 1 to 500' })
  limit?: string;
}

export class SecretResource {
  @ApiProperty({ example: 'whsec_...' })
  key!: string;
}

export class AttemptResource {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ type: Number, nullable: true, description: 'HTTP status of the answer; null where there was none.' })
  status!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why there was no answer: `timeout`, `refused`, ...' })
  error!: string | null;

  @ApiProperty({ description: 'Seconds.' })
  duration!: number;
}

export class DeliveryResource {
  @ApiProperty({ description: 'The `webhook-id` of the message, at every try.' })
  id!: string;

  @ApiProperty()
  url!: string;

  @ApiProperty({ enum: EVENT_KINDS })
  event!: EventKind;

  @ApiProperty({ description: 'The prediction or batch that it is about.' })
  subject!: string;

  @ApiProperty({ enum: STATUSES, description: '`failed` after the last try, or when the endpoint answered 410.' })
  status!: DeliveryStatus;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  next_attempt_at!: string | null;

  @ApiProperty({ type: [AttemptResource] })
  attempts!: AttemptResource[];
}

export class DeliveryList {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The next page; null after the last one. With a filter, a page may be short and still have one.',
  })
  next!: string | null;

  @ApiProperty({ type: String, nullable: true })
  previous!: string | null;

  @ApiProperty({ type: [DeliveryResource] })
  results!: DeliveryResource[];
}

export class EventResource {
  @ApiProperty({ description: 'Its place among your events, for `after`.' })
  cursor!: string;

  @ApiProperty({ description: 'The `webhook-id` of the same event as a webhook.' })
  id!: string;

  @ApiProperty({ enum: EVENT_KINDS })
  event!: EventKind;

  @ApiProperty({
    type: Object,
    additionalProperties: true,
    nullable: true,
    description: 'The prediction or batch as it was; null if it is no longer kept.',
  })
  data!: Record<string, unknown> | null;
}

export class EventList {
  @ApiProperty({ type: String, nullable: true, description: 'Give it as `after` next time.' })
  next!: string | null;

  @ApiProperty({ type: [EventResource] })
  results!: EventResource[];
}

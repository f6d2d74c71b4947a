import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { EVENT_KINDS, type EventKind } from '#domain/callback';
import { FAILURE_CODES } from '#domain/failure';
import { AttemptResource } from '../webhooks/deliveries.dto.js';

const LIMIT = /^([1-9]\d?|[1-4]\d\d|500)$/;
const LIMIT_WORDS = 'At most 500; by default 100.';
const CURSOR = 'Where the previous page ended: the cursor in its `next`.';

export class DeadLetterQuery {
  @ApiPropertyOptional({ description: 'Only those of this model.', example: 'iris' })
  @IsOptional()
  @Matches(/^[a-z][a-z0-9-]{0,62}$/, { message: 'must be the name of a model' })
  model?: string;

  @ApiPropertyOptional({ enum: FAILURE_CODES, description: 'Only those that failed with this code.' })
  @IsOptional()
  @IsIn(FAILURE_CODES, { message: `must be one of ${FAILURE_CODES.join(', ')}` })
  error_code?: string;

  @ApiPropertyOptional({ description: LIMIT_WORDS, type: Number })
  @IsOptional()
  @Matches(LIMIT, { message: 'must be from 1 to 500' })
  limit?: string;

  @ApiPropertyOptional({ description: CURSOR })
  @IsOptional()
  @Matches(/^\d{1,16}-[0-9a-v]{26}-\d{1,4}-r$/, { message: 'must be the cursor of a page' })
  cursor?: string;
}

export class DeadLetterResource {
  @ApiProperty({ description: 'Id of the prediction.' })
  id!: string;

  @ApiProperty({ example: 'iris' })
  model!: string;

  @ApiProperty({ example: '1.0.0' })
  version_label!: string;

  @ApiProperty({ description: 'The client that it belongs to.', example: 'shop' })
  client!: string;

  @ApiProperty({ example: 'timeout' })
  error_code!: string;

  @ApiProperty({ example: 'The run took longer than 2000 ms.' })
  error!: string;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  failed_at!: string;
}

export class DeadLetterList {
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'The next page; null after the last one. With a filter, a page may be short or empty and still have one.',
  })
  next!: string | null;

  @ApiProperty({ type: String, nullable: true })
  previous!: string | null;

  @ApiProperty({ type: [DeadLetterResource] })
  results!: readonly DeadLetterResource[];
}

export class RedrivenResource {
  @ApiProperty({ description: 'Id of the new prediction.' })
  id!: string;

  @ApiProperty({ description: 'Id of the failed one, which stays failed; `metadata.retry_of` of the new one.' })
  retry_of!: string;

  @ApiProperty({ example: 'iris' })
  model!: string;

  @ApiProperty({ example: '1.0.0' })
  version_label!: string;

  @ApiProperty({ description: 'The client that both belong to.', example: 'shop' })
  client!: string;
}

export class DeadDeliveryQuery {
  @ApiPropertyOptional({ description: LIMIT_WORDS, type: Number })
  @IsOptional()
  @Matches(LIMIT, { message: 'must be from 1 to 500' })
  limit?: string;

  @ApiPropertyOptional({ description: CURSOR })
  @IsOptional()
  @Matches(/^\d{1,16}-[0-9a-v]{20,40}-(start|output|completed)$/, { message: 'must be the cursor of a page' })
  cursor?: string;
}

export class DeadDeliveryResource {
  @ApiProperty({ description: 'The `webhook-id` of the message.' })
  id!: string;

  @ApiProperty({ example: 'shop' })
  client!: string;

  @ApiProperty({ description: 'Host of its URL; the rest may hold a secret of its client.', example: 'example.com' })
  host!: string;

  @ApiProperty({ enum: EVENT_KINDS })
  event!: EventKind;

  @ApiProperty({ description: 'The prediction or batch that it is about.' })
  subject!: string;

  @ApiProperty({ enum: ['pending', 'delivered', 'failed'], description: '`failed` until it is sent again.' })
  status!: string;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ type: [AttemptResource] })
  attempts!: readonly AttemptResource[];
}

export class DeadDeliveryList {
  @ApiProperty({ type: String, nullable: true, description: 'The next page; null after the last one.' })
  next!: string | null;

  @ApiProperty({ type: String, nullable: true })
  previous!: string | null;

  @ApiProperty({ type: [DeadDeliveryResource] })
  results!: readonly DeadDeliveryResource[];
}

import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { type Status, TRANSITIONS } from '#domain/prediction';

const STATUSES = Object.keys(TRANSITIONS) as Status[];
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;
const TIME_RULE = 'must be a time such as 2026-11-26T08:00:00Z, or a day such as 2026-11-26';
const CURSOR_RULE = 'must be the cursor of a page';

export class ListPredictionsQuery {
  @ApiPropertyOptional({ description: 'Only those of this model: `iris`, or `millrace/iris`.', example: 'iris' })
  @IsOptional()
  @Matches(/^([a-z][a-z0-9-]{0,62}\/)?[a-z][a-z0-9-]{0,62}$/, { message: 'must be the name of a model' })
  model?: string;

  @ApiPropertyOptional({ enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES, { message: `must be one of ${STATUSES.join(', ')}` })
  status?: Status;

  @ApiPropertyOptional({
    description: 'Only those that were created at this time or later (RFC 3339).',
    format: 'date-time',
  })
  @IsOptional()
  @Matches(TIME, { message: TIME_RULE })
  created_after?: string;

  @ApiPropertyOptional({ description: 'Only those that were created before this time.', format: 'date-time' })
  @IsOptional()
  @Matches(TIME, { message: TIME_RULE })
  created_before?: string;

  @ApiPropertyOptional({ description: 'At most 100; by default 100.', type: Number })
  @IsOptional()
  @Matches(/^([1-9]\d?|100)$/, { message: 'must be from 1 to 100' })
  limit?: string;

  @ApiPropertyOptional({ description: 'Where the previous page ended: the cursor in its `next`.' })
  @IsOptional()
  @Matches(/^[0-9a-v]{28}$/, { message: CURSOR_RULE })
  cursor?: string;
}

import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';

const ID = /^b[0-9a-v]{25}$/;

const ON_INVALID = ['report', 'reject'] as const;
export type OnInvalid = (typeof ON_INVALID)[number];

export class BatchParams {
  @ApiProperty({ description: 'Id of the batch.' })
  // Any text passes: one that is not an id names nothing, and is answered with 404.
  @IsString()
  id!: string;
}

export class CreateBatchQuery {
  @ApiProperty({ description: 'A version id (64 hex), `name`, `name:label`, or `owner/name:id`.', example: 'iris' })
  @IsString({ message: 'must be one string: the model that all rows are for' })
  @Length(1, 200, { message: 'must be 1 to 200 characters' })
  model!: string;

  @ApiPropertyOptional({
    enum: ON_INVALID,
    description:
      '`report`: an invalid row becomes an error line among the results. `reject`: nothing runs before all rows have ' +
      'proved valid, and one invalid row is enough to refuse the batch.',
    default: 'report',
  })
  @IsOptional()
  @IsIn(ON_INVALID, { message: `must be one of ${ON_INVALID.join(', ')}` })
  on_invalid?: OnInvalid;

  @ApiPropertyOptional({ description: 'An https URL to which each event is sent, signed (Standard Webhooks 1.0).' })
  @IsOptional()
  @IsString({ message: 'must be one URL' })
  @Length(1, 2_048, { message: 'must be 1 to 2048 characters' })
  webhook?: string;

  @ApiPropertyOptional({
    description: 'Events to send, separated by commas; by default `completed`.',
    example: 'completed',
  })
  @IsOptional()
  @Matches(/^(start|output|completed)(,(start|output|completed)){0,2}$/, {
    message: 'must be a list of start, output, completed, separated by commas',
  })
  webhook_events_filter?: string;

  @ApiPropertyOptional({
    description: 'Rows that have not run within this time never do; at most 7 days.',
    default: '24h',
  })
  @IsOptional()
  @Matches(/^\d{1,6}[smhd]$/, { message: 'must be a duration such as 90s, 30m, 24h or 7d' })
  completion_window?: string;

  @ApiPropertyOptional({ description: 'A JSON object of up to 16 short strings, returned with the batch.' })
  @IsOptional()
  @IsString({ message: 'must be one JSON object' })
  @MaxLength(10_000, { message: 'must be at most 10000 characters' })
  metadata?: string;
}

export class ListBatchesQuery {
  @ApiPropertyOptional({ description: 'At most 100; by default 20.', type: Number })
  @IsOptional()
  @Matches(/^([1-9]\d?|100)$/, { message: 'must be from 1 to 100' })
  limit?: string;

  @ApiPropertyOptional({ description: 'Continue after this batch.' })
  @IsOptional()
  @Matches(ID, { message: 'must be the id of a batch' })
  before?: string;
}

export class ResultsQuery {
  @ApiPropertyOptional({ description: 'Continue after the row with this index.', type: Number })
  @IsOptional()
  @Matches(/^\d{1,9}$/, { message: 'must be the index of a row' })
  after?: string;
}

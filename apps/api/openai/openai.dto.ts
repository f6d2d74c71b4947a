import { IsIn, IsObject, IsOptional, IsString, Length, Matches } from 'class-validator';
import { REQUEST_URL } from '#rows/request-line';

export class ObjectParams {
  // Any text passes: one that is not an id names nothing, and is answered with 404.
  @IsString()
  id!: string;
}

export class CreateFileBatchBody {
  @IsString({ message: 'must be the id of a file' })
  @Length(1, 200, { message: 'must be the id of a file' })
  input_file_id!: string;

  @IsIn([REQUEST_URL], { message: `must be ${REQUEST_URL}` })
  endpoint!: string;

  @Matches(/^\d{1,6}[smhd]$/, { message: 'must be a duration such as 30m, 24h or 7d' })
  completion_window!: string;

  @IsOptional()
  @IsObject({ message: 'must be an object of up to 16 short strings' })
  metadata?: object | null;
}

export class ListQuery {
  @IsOptional()
  @Matches(/^([1-9]\d?|100)$/, { message: 'must be from 1 to 100' })
  limit?: string;

  @IsOptional()
  @IsString({ message: 'must be one id' })
  after?: string;
}

export class ListFilesQuery {
  @IsOptional()
  @Matches(/^[1-9]\d{0,4}$/, { message: 'must be from 1 to 99999' })
  limit?: string;

  @IsOptional()
  @IsString({ message: 'must be one id' })
  after?: string;

  @IsOptional()
  @IsIn(['asc', 'desc'], { message: 'must be asc or desc' })
  order?: 'asc' | 'desc';

  @IsOptional()
  @IsString({ message: 'must be one purpose' })
  purpose?: string;
}

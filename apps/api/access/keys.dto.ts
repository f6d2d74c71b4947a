import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { type Scope, SCOPES } from '#domain/key-record';

const CLIENT_RULE = 'must be at most 63 lower-case letters, digits and dashes, and begin with a letter';

export class KeyParams {
  @ApiProperty({ example: '4eC39HqL', description: 'The first eight characters after mr_live_.' })
  @Matches(/^[0-9A-Za-z]{8}$/, { message: 'must be eight letters and digits' })
  id!: string;
}

export class KeyCreation {
  @ApiProperty({
    example: 'checkout',
    description: `The client that the key belongs to; all keys of a client share what it owns.`,
  })
  @Matches(/^[a-z][a-z0-9-]{0,62}$/, { message: CLIENT_RULE })
  client!: string;

  @ApiPropertyOptional({ example: 'nightly scoring', description: 'What it is for, in your words.' })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @MaxLength(200, { message: 'must be at most 200 characters' })
  name?: string;

  @ApiProperty({
    enum: SCOPES,
    isArray: true,
    example: ['predict'],
    description: 'What it may do; admin includes all others.',
  })
  @IsArray({ message: `must be a list of ${SCOPES.join(', ')}` })
  @ArrayMinSize(1, { message: `must name at least one of ${SCOPES.join(', ')}` })
  @ArrayUnique({ message: 'must not name a scope twice' })
  @IsIn(SCOPES, { each: true, message: `must contain only ${SCOPES.join(', ')}` })
  scopes!: Scope[];

  @ApiPropertyOptional({ example: '2027-01-01T00:00:00Z', description: 'When it stops being valid.' })
  @IsOptional()
  @IsISO8601({ strict: true }, { message: 'must be a time such as 2027-01-01T00:00:00Z' })
  @Matches(/T.*(Z|[+-]\d\d:\d\d)$/, { message: 'must be a time with its zone, such as 2027-01-01T00:00:00Z' })
  expires_at?: string;
}

export class KeyRotation {
  @ApiPropertyOptional({ example: 86_400, description: 'Seconds for which the old key stays valid; a day by default.' })
  @IsOptional()
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: 'must be at least 0' })
  @Max(30 * 86_400, { message: 'must be at most 30 days' })
  overlap_seconds?: number;
}

const TIME = { type: String, format: 'date-time', nullable: true } as const;

export class KeyResource {
  @ApiProperty({ description: 'Public part of the key.' })
  id!: string;

  @ApiProperty()
  client!: string;

  @ApiProperty({ type: String, nullable: true })
  name!: string | null;

  @ApiProperty({ enum: SCOPES, isArray: true })
  scopes!: Scope[];

  @ApiProperty({ enum: ['active', 'expired', 'revoked'] })
  status!: 'active' | 'expired' | 'revoked';

  @ApiProperty({ type: String, nullable: true, description: 'Id of the key that made it; null for the first.' })
  created_by!: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty(TIME)
  expires_at!: string | null;

  @ApiProperty(TIME)
  revoked_at!: string | null;

  @ApiProperty({ ...TIME, description: 'Accurate to the hour.' })
  last_used_at!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Id of the key that replaces it.' })
  replaced_by!: string | null;
}

export class NewKeyResource extends KeyResource {
  @ApiProperty({ example: 'mr_live_...', description: 'The key itself, shown only in this answer.' })
  key!: string;
}

export class KeyList {
  @ApiProperty({ type: String, nullable: true })
  next!: string | null;

  @ApiProperty({ type: String, nullable: true })
  previous!: string | null;

  @ApiProperty({ type: [KeyResource] })
  results!: KeyResource[];
}

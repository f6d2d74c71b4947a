import { Body, Controller, Get, Header, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { invalidFields } from '#contract/problem';
import { toTime, toTimeOrNull } from '#contract/time';
import { isValid, type KeyRecord } from '#domain/key-record';
import { ApiProblems, LATE_BODY } from '../openapi-parts.js';
import { KeyCreation, KeyList, KeyParams, KeyResource, KeyRotation, NewKeyResource } from './keys.dto.js';
import { type MadeKey, ManageKeys } from './manage-keys.js';
import { Requires } from './requires.js';

const DEFAULT_OVERLAP_S = 24 * 3_600;

const UNKNOWN = 'There is no such key.';
const NO_ID = 'Not the id of a key.';
const AWAY = 'Redis is away.';
const BODY = {
  400: 'The body is not JSON.',
  ...LATE_BODY,
  413: 'The body is too large.',
  415: 'The body is not application/json.',
  422: 'A field is not valid: `errors` says where and why.',
};

/** API keys, for administrators. */
@ApiTags('keys')
@Controller('v1/keys')
export class KeysController {
  constructor(@Inject(ManageKeys) private readonly keys: ManageKeys) {}

  @ApiOperation({ summary: 'List the keys, newest first' })
  @ApiOkResponse({ type: KeyList, description: 'All keys, without the secret part.' })
  @ApiProblems({ 503: AWAY })
  @Requires('admin')
  @Get()
  async list(): Promise<KeyList> {
    const { records, lastUses } = await this.keys.list();
    const results = records.map((record) => toResource(record, lastUses.get(record.id) ?? null));
    return { next: null, previous: null, results };
  }

  @ApiOperation({ summary: 'Show a key' })
  @ApiOkResponse({ type: KeyResource, description: 'The key, without its secret part.' })
  @ApiProblems({ 404: UNKNOWN, 422: NO_ID, 503: AWAY })
  @Requires('admin')
  @Get(':id')
  async show(@Param() { id }: KeyParams): Promise<KeyResource> {
    const { record, lastUsedMs } = await this.keys.show(id);
    return toResource(record, lastUsedMs);
  }

  @ApiOperation({ summary: 'Create a key', description: 'Only this answer contains the key itself.' })
  @ApiCreatedResponse({ type: NewKeyResource, description: 'The key, with its secret part.' })
  @ApiProblems({ ...BODY, 503: AWAY })
  @Requires('admin')
  @Post()
  @Header('cache-control', 'no-store')
  async create(@Body() body: KeyCreation, @Req() { caller }: FastifyRequest): Promise<NewKeyResource> {
    const { client, name = null, scopes } = body;
    return withText(await this.keys.create({ client, name, scopes, expiresAtMs: expiryOf(body) }, caller));
  }

  @ApiOperation({
    summary: 'Replace a key by a new one',
    description: 'The old key stays valid during the overlap, so that its owner can switch without a pause.',
  })
  @ApiBody({ type: KeyRotation, required: false })
  @ApiCreatedResponse({ type: NewKeyResource, description: 'The new key, with its secret part.' })
  @ApiProblems({
    ...BODY,
    404: UNKNOWN,
    409: 'It has expired, was revoked or rotated before, or is being changed right now.',
    503: AWAY,
  })
  @Requires('admin')
  @Post(':id/rotate')
  @Header('cache-control', 'no-store')
  async rotate(@Param() { id }: KeyParams, @Body() body: KeyRotation): Promise<NewKeyResource> {
    return withText(await this.keys.rotate(id, overlapMs(body)));
  }

  @ApiOperation({ summary: 'Revoke a key', description: 'Every process refuses it within five seconds.' })
  @ApiOkResponse({ type: KeyResource, description: 'The key as it is now.' })
  @ApiProblems({
    404: UNKNOWN,
    409: 'It is the last key of an administrator, or is being changed right now.',
    422: NO_ID,
    503: AWAY,
  })
  @Requires('admin', { bodyless: true })
  @Post(':id/revoke')
  @HttpCode(200)
  async revoke(@Param() { id }: KeyParams): Promise<KeyResource> {
    return toResource(await this.keys.revoke(id), null);
  }
}

/** @param body nothing, where none was sent: that comes here past validation, as a JSON null does */
function overlapMs(body: KeyRotation | null | undefined): number {
  return (body?.overlap_seconds ?? DEFAULT_OVERLAP_S) * 1_000;
}

function expiryOf({ expires_at }: KeyCreation): number | null {
  if (expires_at === undefined) return null;
  const atMs = Date.parse(expires_at);
  if (atMs > Date.now()) return atMs;
  throw invalidFields([{ pointer: '/expires_at', code: 'invalid_field', detail: 'must be in the future' }]);
}

function withText({ text, record }: MadeKey): NewKeyResource {
  return Object.assign(toResource(record, null), { key: text });
}

function toResource(record: KeyRecord, lastUsedMs: number | null): KeyResource {
  const { id, client, name, scopes, createdBy, createdAtMs, expiresAtMs, revokedAtMs, replacedBy } = record;
  return {
    id,
    client,
    name,
    scopes: [...scopes],
    status: revokedAtMs !== null ? 'revoked' : isValid(record, Date.now()) ? 'active' : 'expired',
    created_by: createdBy,
    created_at: toTime(createdAtMs),
    expires_at: toTimeOrNull(expiresAtMs),
    revoked_at: toTimeOrNull(revokedAtMs),
    last_used_at: toTimeOrNull(lastUsedMs),
    replaced_by: replacedBy,
  };
}

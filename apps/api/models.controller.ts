import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { notFound } from '#contract/problem';
import { inputSchema, outputSchema } from '#models/input-schema';
import type { ModelVersion } from '#models/repository';
import { Requires } from './access/requires.js';
import { ModelCatalogue } from './model-catalogue.js';
import { MODEL_NAME, MODEL_NAME_RULE } from './model-name.js';
import { ApiProblems } from './openapi-parts.js';

const AWAY = 'Redis is away, so the key cannot be checked.';
const NO_MODEL = 'There is no such model.';
const NO_NAME = 'Not the name of an owner or a model.';

export class ModelParams {
  @ApiProperty({ example: 'millrace' })
  @Matches(MODEL_NAME, { message: MODEL_NAME_RULE })
  owner!: string;

  @ApiProperty({ example: 'iris' })
  @Matches(MODEL_NAME, { message: MODEL_NAME_RULE })
  name!: string;
}

export class VersionParams extends ModelParams {
  @ApiProperty({ description: 'Id (64 hex digits) or label of a version.', example: '1.0.0' })
  @Matches(/^[0-9A-Za-z.-]{1,64}$/, { message: 'must be a version id or label' })
  id!: string;
}

/** The catalogue: what this service can predict, and how good each version is. */
@ApiTags('models')
@Controller('v1/models')
export class ModelsController {
  constructor(@Inject(ModelCatalogue) private readonly catalogue: ModelCatalogue) {}

  @ApiOperation({ summary: 'List the models' })
  @ApiOkResponse({ description: 'Each model with its latest version.' })
  @ApiProblems({ 503: AWAY })
  @Requires('key')
  @Get()
  list(): object {
    const { repository } = this.catalogue;
    const results = repository.names().flatMap((name) => repository.latest(name) ?? []);
    return { next: null, previous: null, results: results.map(summary) };
  }

  @ApiOperation({ summary: 'Show a model with its latest version' })
  @ApiOkResponse({ description: 'The model.' })
  @ApiProblems({ 404: NO_MODEL, 422: NO_NAME, 503: AWAY })
  @Requires('key')
  @Get(':owner/:name')
  show(@Param() { owner, name }: ModelParams): object {
    const latest = this.catalogue.latest(owner, name);
    return { ...summary(latest), latest_version: describe(latest), default_example: example(latest) };
  }

  @ApiOperation({ summary: "List a model's versions, highest label first" })
  @ApiOkResponse({ description: 'Its versions.' })
  @ApiProblems({ 404: NO_MODEL, 422: NO_NAME, 503: AWAY })
  @Requires('key')
  @Get(':owner/:name/versions')
  versions(@Param() { owner, name }: ModelParams): object {
    this.catalogue.latest(owner, name);
    const results = this.catalogue.repository.versions(name).map(describe);
    return { next: null, previous: null, results };
  }

  @ApiOperation({ summary: 'Show one version: its schemas, evaluation and training facts' })
  @ApiOkResponse({ description: 'The version.' })
  @ApiProblems({
    404: 'There is no such model, or no such version of it.',
    422: 'Not the name of an owner or a model, or not the id or label of a version.',
    503: AWAY,
  })
  @Requires('key')
  @Get(':owner/:name/versions/:id')
  version(@Param() { owner, name, id }: VersionParams): object {
    const version = this.catalogue.repository.versions(name).find((v) => v.id === id || v.label === id);
    if (version?.owner !== owner) throw notFound(`There is no version ${id} of ${owner}/${name}.`);
    return describe(version);
  }
}

function summary({ owner, name, id, label, manifest }: ModelVersion): object {
  const { title, description, task, license } = manifest;
  const latest_version = { id, label };
  return { owner, name, title, description, task, license, visibility: 'public', latest_version };
}

function describe(version: ModelVersion): object {
  const { id, label, manifest } = version;
  const { created_at, title, description, task, evaluation, training, inputs, outputs, batching, timeout_ms } =
    manifest;
  const schemas = { Input: inputSchema(manifest), Output: outputSchema(outputs) };
  return {
    id,
    label,
    created_at,
    title,
    description,
    task,
    evaluation,
    training,
    inputs,
    outputs,
    batching,
    timeout_ms,
    // Twice: where published clients look for them, and where ours always were.
    openapi_schema: { ...schemas, components: { schemas } },
    example: example(version),
  };
}

/** A golden example: a request that works as it stands, and the answer it gets. */
export function example({ name, golden }: ModelVersion): { version: string; input: unknown; output: unknown } {
  return { version: name, input: golden[0]?.input, output: golden[0]?.output };
}

/** A prediction in this process: the fleet's own classes for models, checks and tensors, and no queue. */
import type { Input } from '#domain/model-version';
import { ModelSession } from '#inference/session';
import { compileInputValidator } from '#models/input-validator';
import { openRepository, type ModelVersion } from '#models/repository';
import { CliError } from './cli-error.js';

export interface OfflineRequest {
  readonly modelsDir: string;
  /** As a fleet takes it: `iris`, `owner/iris`, `iris:1.0.0`. */
  readonly model: string;
  /** A label; null takes the highest. */
  readonly version: string | null;
  readonly input: unknown;
}

/** @throws CliError for an input that the version refuses, and for a run that fails */
export async function predictOffline(request: OfflineRequest): Promise<unknown> {
  const version = await findVersion(request);
  checkInput(version, request.input);
  const session = await ModelSession.open(version, { threads: 1 });
  try {
    const [result] = await session.predict([request.input as Input]);
    if (result !== undefined && 'output' in result) return result.output;
    throw new CliError(`The prediction failed: ${result?.failure.message ?? 'no answer'}`);
  } finally {
    await session.close();
  }
}

async function findVersion({ modelsDir, model, version }: OfflineRequest): Promise<ModelVersion> {
  const [name = ''] = model.slice(model.indexOf('/') + 1).split(':');
  const repository = await openRepository(modelsDir, { verify: 'every-file', only: [name] });
  const reference = version === null ? model : `${model}:${version}`;
  const found = repository.resolve(reference);
  if (found !== undefined) return found;
  const labels = repository.versions(name).map(({ label }) => label);
  throw new CliError(`There is no version ${reference}; ${name} has ${labels.join(', ')}.`);
}

/** Pointers as the fleet writes them, below the body of a request. */
function checkInput(version: ModelVersion, input: unknown): void {
  const errors = compileInputValidator(version.manifest)(input);
  if (errors.length === 0) return;
  const lines = errors.map(({ pointer, detail }) => `  /input${pointer} ${detail}`);
  throw new CliError(['The input does not fit the model.', ...lines].join('\n'));
}

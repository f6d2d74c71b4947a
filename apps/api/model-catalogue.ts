/** The versions this API serves, each with its compiled validator. */
import { invalidFields, notFound } from '#contract/problem';
import type { FieldProblem } from '#domain/field-problem';
import type { Input } from '#domain/model-version';
import { compileInputValidator, type InputProblem, type InputValidator } from '#models/input-validator';
import type { ModelRepository, ModelVersion } from '#models/repository';
import { assertDistinctCodes, modelCode } from '#queue/catalogue';
import type { ApiMetrics } from '#telemetry/metrics';

export class ModelCatalogue {
  readonly #validators = new Map<string, InputValidator>();
  readonly #byCode = new Map<string, string>();

  constructor(
    readonly repository: ModelRepository,
    private readonly metrics: ApiMetrics,
  ) {
    assertDistinctCodes(repository.names());
    for (const name of repository.names()) this.#byCode.set(modelCode(name), name);
    for (const version of repository.all()) this.#validators.set(version.id, compileInputValidator(version.manifest));
  }

  /** The model that an id's code stands for. */
  modelOfCode(code: string): string | undefined {
    return this.#byCode.get(code);
  }

  /** @throws ProblemError 422 for a reference that names nothing here */
  version(reference: string): ModelVersion {
    const version = this.repository.resolve(reference);
    if (version !== undefined) return version;
    const detail = `is unknown to this service; models: ${this.repository.names().join(', ')}`;
    throw invalidFields([{ pointer: '/version', code: 'unknown_version', detail }]);
  }

  /** @throws ProblemError 404 for a model that is not here */
  latest(owner: string, name: string): ModelVersion {
    const version = this.repository.latest(name);
    if (version?.owner !== owner) throw notFound(`There is no model ${owner}/${name}.`);
    return version;
  }

  /** Owner of a model, as its paths have it; Millrace where the model is gone and only its predictions are left. */
  ownerOf(model: string, versionId: string): string {
    return (this.repository.byId(versionId) ?? this.repository.latest(model))?.owner ?? 'millrace';
  }

  /** @returns one error a field, none for an input that the version accepts */
  check(version: ModelVersion, input: unknown): readonly InputProblem[] {
    const errors = this.#validators.get(version.id)?.(input) ?? [];
    if (errors.length > 0) this.#count(version, errors);
    return errors;
  }

  /** @throws ProblemError 422 with one error a field */
  validate(version: ModelVersion, input: unknown): Input {
    const errors = this.check(version, input);
    if (errors.length === 0) return input as Input;
    throw invalidFields(errors.map(({ pointer, ...rest }): FieldProblem => ({ pointer: `/input${pointer}`, ...rest })));
  }

  /** A field that no manifest names would make a series of its own. */
  #count(version: ModelVersion, errors: readonly InputProblem[]): void {
    const known = new Set(version.manifest.inputs.map((feature) => feature.name));
    for (const { pointer, code } of errors) {
      const name = pointer.split('/')[1] ?? '';
      this.metrics.rejectedInputs.inc({ model: version.name, field: known.has(name) ? name : 'other', rule: code });
    }
  }
}

/**
 * One model version, loaded: the graph, and the way from inputs to answers.
 */
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { InferenceSession } from 'onnxruntime-node';
import type { RowResult, Stages } from '#contract/executor-protocol';
import { isPacked, type PackedInput } from '#contract/input-text';
import type { Input, TensorSpec } from '#domain/model-version';
import { difference } from '#models/golden';
import { ModelIntegrityError } from '#models/integrity';
import type { ModelVersion } from '#models/repository';
import { readAnswers, TensorBuilder, TensorPlanError } from './tensors.js';

/** A micro-batch of the size from which a larger one gains little, and how often it is run to be measured. */
const ROWS_MEASURED = 32;
const RUNS_MEASURED = 3;

export interface SessionOptions {
  /** Threads of one `run()`; more than one helps only heavy graphs. */
  readonly threads: number;
}

export class ModelSession {
  private constructor(
    readonly version: ModelVersion,
    private readonly graph: InferenceSession,
    private readonly tensors: TensorBuilder,
  ) {}

  /**
   * Loads the graph and holds it against the manifest.
   * @throws ModelIntegrityError when the graph does not load, or is not the one the manifest describes
   */
  static async open(version: ModelVersion, options: SessionOptions): Promise<ModelSession> {
    const { manifest } = version;
    const graph = await loadGraph(version, options);
    const fileName = `${version.name}/${version.label}/manifest.json`;
    const disagreement =
      compare('inputs', manifest.graph.inputs, graph.inputMetadata) ??
      compare('outputs', manifest.graph.outputs, graph.outputMetadata) ??
      findFixedRows(version, graph.inputMetadata);
    if (disagreement !== null) throw new ModelIntegrityError(fileName, disagreement);
    try {
      return new ModelSession(version, graph, new TensorBuilder(manifest));
    } catch (error) {
      if (error instanceof TensorPlanError) throw new ModelIntegrityError(fileName, error.message);
      throw error;
    }
  }

  /**
   * Runs inputs together, as one micro-batch.
   * @param inputs validated inputs, at least one
   * @returns one result an input, in their order, and what each stage cost
   * @throws Error when the graph itself reports one; then no row has an answer
   */
  async run(inputs: readonly PackedInput[]): Promise<{ results: RowResult[]; stages: Stages }> {
    const began = performance.now();
    const feeds = this.tensors.build(inputs);
    const built = performance.now();
    const outputs = await this.graph.run(feeds);
    const ran = performance.now();
    const results = readAnswers(this.version.manifest.outputs, outputs, inputs.length);
    const stages = { preprocessMs: built - began, runMs: ran - built, postprocessMs: performance.now() - ran };
    return { results, stages };
  }

  /** An input with the names of its values. */
  named(input: PackedInput): Input {
    if (!isPacked(input)) return input;
    return Object.fromEntries(this.version.manifest.inputs.map(({ name }, i) => [name, input[i]]));
  }

  async predict(inputs: readonly Input[]): Promise<RowResult[]> {
    return (await this.run(inputs)).results;
  }

  /**
   * Warms the session up and holds it against the version's golden examples.
   * @throws ModelIntegrityError when an answer differs by more than its tolerance
   */
  async passGolden(examples: 'all' | 'one'): Promise<void> {
    const { golden, name, label } = this.version;
    const chosen = examples === 'all' ? golden : golden.slice(0, 1);
    await this.predict(chosen.slice(0, 1).map((example) => example.input));
    const results = await this.#predictInBatches(chosen.map((example) => example.input));
    for (const [index, example] of chosen.entries()) {
      const result = results[index];
      const found =
        result !== undefined && 'output' in result
          ? difference(example.output, result.output, example.tolerance)
          : (result?.failure.message ?? 'no answer');
      if (found !== null) {
        throw new ModelIntegrityError(`${name}/${label}/golden.jsonl`, `line ${index + 1} is not met: ${found}`);
      }
    }
  }

  /**
   * What one prediction costs among others, in milliseconds. It is measured by itself and not in passing, since the
   * size of a micro-batch must not follow from a cost that follows from its size.
   */
  async measureRowCost(): Promise<number> {
    const { golden, manifest } = this.version;
    const rows = Math.min(ROWS_MEASURED, manifest.batching.max_batch_size);
    const inputs = Array.from({ length: rows }, (_, row) => golden[row % golden.length]?.input ?? {});
    let best = Infinity;
    for (let run = 0; run < RUNS_MEASURED; run += 1) {
      const { stages } = await this.run(inputs);
      best = Math.min(best, (stages.preprocessMs + stages.runMs + stages.postprocessMs) / rows);
    }
    return best;
  }

  async #predictInBatches(inputs: readonly Input[]): Promise<RowResult[]> {
    const size = this.version.manifest.batching.max_batch_size;
    const results: RowResult[] = [];
    for (let i = 0; i < inputs.length; i += size) results.push(...(await this.predict(inputs.slice(i, i + size))));
    return results;
  }

  async close(): Promise<void> {
    await this.graph.release();
  }
}

async function loadGraph(version: ModelVersion, options: SessionOptions): Promise<InferenceSession> {
  const file = version.manifest.graph.path;
  try {
    return await InferenceSession.create(path.join(version.directory, file), {
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // A thread that spins while it waits takes a core from Redis and the API.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      logSeverityLevel: 4,
    });
  } catch {
    throw new ModelIntegrityError(
      `${version.name}/${version.label}/${file}`,
      'is not a graph that ONNX Runtime can load',
    );
  }
}

/** @returns one sentence that says where manifest and graph disagree, or null */
function compare(
  side: 'inputs' | 'outputs',
  specs: readonly TensorSpec[],
  actual: readonly InferenceSession.ValueMetadata[],
): string | null {
  for (const [index, spec] of specs.entries()) {
    const at = `/graph/${side}/${index}`;
    const found = actual.find((candidate) => candidate.name === spec.name);
    if (!found?.isTensor) return `${at} names ${spec.name}, which the graph does not have`;
    if (found.type !== spec.datatype) return `${at}/datatype says ${spec.datatype}, the graph says ${found.type}`;
    const dimensions = found.shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1));
    // An output's shape is often left open in the graph; what is said there must agree.
    const differs =
      dimensions.length !== spec.shape.length || dimensions.some((d, i) => d !== -1 && d !== spec.shape[i]);
    if (differs && (side === 'inputs' || dimensions.length > 0)) {
      return `${at}/shape says [${spec.shape.join(', ')}], the graph says [${dimensions.join(', ')}]`;
    }
  }
  const extra = actual.find((candidate) => !specs.some((spec) => spec.name === candidate.name));
  return side === 'inputs' && extra !== undefined
    ? `the graph has an input ${extra.name} that /graph/inputs lacks`
    : null;
}

/** A graph that was exported with a number for its first dimension takes so many rows, and no others. */
function findFixedRows({ manifest }: ModelVersion, actual: readonly InferenceSession.ValueMetadata[]): string | null {
  for (const [index, { name }] of manifest.graph.inputs.entries()) {
    const found = actual.find((candidate) => candidate.name === name);
    const rows = found?.isTensor === true ? found.shape[0] : undefined;
    if (typeof rows !== 'number' || rows < 0 || (rows === 1 && manifest.batching.max_batch_size === 1)) continue;
    const or = rows === 1 ? ', or say 1 in /batching/max_batch_size' : '';
    return `/graph/inputs/${index} takes ${rows} rows and no others: leave the first dimension of the graph open${or}`;
  }
  return null;
}

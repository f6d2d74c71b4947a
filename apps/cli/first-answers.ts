/** Proof that the fleet works: one golden example a model, through HTTP and the queue, before anybody else calls. */
import { hasEnded, type MillraceClient, type Prediction } from '#client/millrace-client';
import type { Input } from '#domain/model-version';
import { difference, type GoldenExample } from '#models/golden';
import { openRepository, type ModelVersion } from '#models/repository';
import { shortAnswer } from './answer.js';
import { renderTable } from './table.js';

export interface FirstAnswers {
  readonly table: string;
  /** True when every model gave the answer that its golden example promises. */
  readonly asExpected: boolean;
  /** An input to try by hand. */
  readonly example: { readonly model: string; readonly input: Input } | null;
}

/** A model that an operator has paused does not answer, and a fleet must start all the same. */
const PATIENCE_S = 30;

interface Row {
  readonly cells: readonly string[];
  readonly met: boolean;
}

/** @param only the models that the fleet's workers serve; null for all */
export async function firstAnswers(
  client: MillraceClient,
  modelsDir: string,
  only: readonly string[] | null,
  onModel: (name: string) => void,
): Promise<FirstAnswers> {
  const repository = await openRepository(modelsDir, { verify: 'all-but-graph', only });
  const rows: Row[] = [];
  let example: FirstAnswers['example'] = null;
  for (const name of repository.names()) {
    const version = repository.latest(name);
    const golden = version?.golden[0];
    if (version === undefined || golden === undefined) continue;
    onModel(name);
    rows.push(await ask(client, version, golden));
    // The shortest one is the one to paste.
    if (example === null || sizeOf(golden.input) < sizeOf(example.input))
      example = { model: name, input: golden.input };
  }
  const header = ['model', 'version', 'answer', 'time', ''];
  const table = renderTable(
    header,
    rows.map(({ cells }) => cells),
  );
  return { table, asExpected: rows.every(({ met }) => met), example };
}

async function ask(client: MillraceClient, version: ModelVersion, golden: GoldenExample): Promise<Row> {
  const began = performance.now();
  const reference = { model: version.name, version: version.label, input: golden.input };
  const prediction = await client.submit(reference, { wait: PATIENCE_S });
  const time = `${(performance.now() - began).toFixed(1)} ms`;
  const verdict = judge(prediction, golden);
  const answer = prediction.status === 'succeeded' ? shortAnswer(prediction.output) : prediction.status;
  return { cells: [version.name, version.label, answer, time, verdict ?? 'as expected'], met: verdict === null };
}

/** @returns null for the promised answer, else what is wrong */
function judge(prediction: Prediction, golden: GoldenExample): string | null {
  if (!hasEnded(prediction)) return `it waits: npx millrace why ${prediction.id}`;
  if (prediction.status !== 'succeeded') return prediction.error ?? `it is ${prediction.status}`;
  return difference(golden.output, prediction.output, golden.tolerance);
}

function sizeOf(input: Input): number {
  return JSON.stringify(input).length;
}

/**
 * `millrace predict`: one input, one answer; through a fleet, or with `--offline` in this process.
 *
 * Both ways end in the same printing, and the fleet runs the same classes as the offline way: same input, same answer.
 */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { wholeAnswer } from './answer.js';
import { CliError } from './cli-error.js';
import { clientOf, type Target } from './target.js';

export interface PredictOptions {
  readonly model: string;
  /** JSON, `@file` (from the working directory) or `-`. */
  readonly input: string;
  readonly version?: string;
  readonly offline: boolean;
  readonly json: boolean;
}

export async function predict(options: PredictOptions, target: Target, modelsDir: () => string): Promise<void> {
  const input = await readInput(options.input);
  const output = options.offline ? await askHere(options, input, modelsDir()) : await askFleet(options, input, target);
  console.log(wholeAnswer(output, options.json));
}

async function askFleet({ model, version }: PredictOptions, input: unknown, target: Target): Promise<unknown> {
  const client = clientOf(target);
  const prediction = await client.predict({ model, ...(version === undefined ? {} : { version }), input });
  if (prediction.status === 'succeeded') return prediction.output;
  throw new CliError(
    `The prediction ${prediction.id} is ${prediction.status}: ${prediction.error ?? 'no reason given'}`,
  );
}

async function askHere({ model, version }: PredictOptions, input: unknown, modelsDir: string): Promise<unknown> {
  // Loaded here: ONNX Runtime costs a client of a fleet nothing.
  const { predictOffline } = await import('./predict-offline.js');
  return predictOffline({ modelsDir, model, version: version ?? null, input });
}

async function readInput(argument: string): Promise<unknown> {
  const [text, from] = await textOf(argument);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new CliError(`${from} is not JSON: ${(error as Error).message}.`, { cause: error });
  }
}

async function textOf(argument: string): Promise<[text: string, from: string]> {
  if (argument === '-') return [await readAll(process.stdin), 'The standard input'];
  if (!argument.startsWith('@')) return [argument, '--input'];
  const file = argument.slice(1);
  try {
    return [await readFile(file, 'utf8'), file];
  } catch (error) {
    throw new CliError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`, {
      cause: error,
    });
  }
}

/**
 * The smoke test of a fleet that runs: each model's golden examples, sent one by one as a client would, and each answer
 * compared with the one that its version must give. Ends with 1 where one differs.
 *
 *   MILLRACE_API_KEY_FILE=... smoke.js [URL]        default: http://127.0.0.1:3000
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { MillraceClient } from '#client/millrace-client';
import { readProcessSettings } from '#config/settings';
import { difference, type GoldenExample, parseGolden } from '#models/golden';

/** Enough to travel together, few enough for any fleet. */
const AT_ONCE = 8;
const MOST_COMPLAINTS = 5;

const { MODELS_DIR: modelsDir, MILLRACE_API_KEY: key } = readProcessSettings();
const [, , url = 'http://127.0.0.1:3000'] = process.argv;
const client = new MillraceClient({ url, retries: 0, ...(key === undefined ? {} : { key }) });

try {
  const verdicts = [];
  for (const model of await client.models()) verdicts.push(await examine(model.name, model.latest_version.label));
  if (verdicts.length === 0) console.error(`${url} serves no model.`);
  process.exit(verdicts.length > 0 && verdicts.every(Boolean) ? 0 : 1);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}

/** @returns whether every answer is the expected one */
async function examine(model: string, version: string): Promise<boolean> {
  const file = path.join(modelsDir, model, version, 'golden.jsonl');
  const examples = parseGolden(file, await readFile(file, 'utf8'));
  const complaints: string[] = [];
  const left = examples.entries();
  const ask = async (): Promise<void> => {
    for (const [index, example] of left) {
      const wrong = await complaintOf(model, version, example);
      if (wrong !== null) complaints.push(`example ${index + 1}: ${wrong}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  const right = examples.length - complaints.length;
  console.log(`${model} ${version}: ${right} of ${examples.length} answers are as expected`);
  for (const complaint of complaints.slice(0, MOST_COMPLAINTS)) console.error(`  ${complaint}`);
  return complaints.length === 0;
}

async function complaintOf(model: string, version: string, example: GoldenExample): Promise<string | null> {
  const { id, status, output, error } = await client.predict({ model, version, input: example.input });
  if (status === 'succeeded') return difference(example.output, output, example.tolerance);
  return `the prediction ${id} is ${status}: ${error ?? 'no reason given'}`;
}

/** What `npm start` shows when the fleet runs: first answers, where things are, and something to try. */
import path from 'node:path';
import { MillraceClient, MillraceError, MillraceUnreachableError } from '#client/millrace-client';
import type { Settings } from '#config/settings';
import { shellQuote } from './answer.js';
import { firstAnswers, type FirstAnswers } from './first-answers.js';
import type { Fleet } from './fleet.js';
import type { Terminal } from './terminal.js';

export async function welcome(settings: Settings, fleet: Fleet, apiUrl: string, terminal: Terminal): Promise<void> {
  const answers = settings.WORKERS === 0 ? null : await askAll(settings, apiUrl, terminal);
  terminal.done('Millrace is ready');
  if (answers !== null) terminal.say(`\n${indent(answers.table)}`);
  if (answers?.asExpected === false) terminal.say('\nNot every answer is the expected one: see the logs.');
  terminal.say(`\n${indent(places(settings, fleet, apiUrl))}`);
  const example = answers?.example;
  if (example) terminal.say(`\nTry it:\n${indent(curl(apiUrl, example))}`);
  terminal.say('\nCtrl-C finishes what runs, then stops.\n');
}

/** A fleet whose first answers fail still runs: its logs are what its owner needs now. */
async function askAll(settings: Settings, apiUrl: string, terminal: Terminal): Promise<FirstAnswers | null> {
  const client = new MillraceClient({ url: apiUrl });
  const only = settings.WORKER_MODELS ?? null;
  try {
    return await firstAnswers(client, settings.MODELS_DIR, only, (name) => terminal.progress(`Asking ${name}`));
  } catch (error) {
    if (!(error instanceof MillraceError) && !(error instanceof MillraceUnreachableError)) throw error;
    terminal.say(`The first answers failed: ${error.message}`);
    return null;
  }
}

function places(settings: Settings, fleet: Fleet, apiUrl: string): string {
  const api = fleet.address('api')?.opsUrl ?? '';
  const metrics = fleet.names.map((name) => `  ${name.padEnd(9)} ${fleet.address(name)?.opsUrl ?? ''}/metrics`);
  return [
    `API       ${apiUrl}`,
    `Pages     ${apiUrl}/docs`,
    `Queues    ${api}/ops/queues`,
    'Metrics',
    ...metrics,
    `Logs      ${path.relative(process.cwd(), path.join(settings.DATA_DIR, 'logs'))}`,
  ].join('\n');
}

function curl(apiUrl: string, { model, input }: { model: string; input: unknown }): string {
  const body = shellQuote(JSON.stringify({ version: model, input }));
  return `curl -s ${apiUrl}/v1/predictions -H 'Content-Type: application/json' -H 'Prefer: wait' \\\n  -d ${body}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}

/** What `npm start` shows when the fleet runs: first answers, where things are, and something to try. */
import path from 'node:path';
import { MillraceError, MillraceUnreachableError } from '#client/millrace-client';
import type { Settings } from '#config/settings';
import { shellQuote } from './answer.js';
import { firstAnswers, type FirstAnswers } from './first-answers.js';
import type { Fleet } from './fleet.js';
import { clientOf, type Target } from './target.js';
import type { Terminal } from './terminal.js';

export async function welcome(settings: Settings, fleet: Fleet, target: Target, terminal: Terminal): Promise<void> {
  const { url: apiUrl } = target;
  const mayAsk = settings.AUTH === 'off' || target.key !== null;
  const answers = settings.WORKERS === 0 || !mayAsk ? null : await askAll(settings, target, terminal);
  terminal.done('Millrace is ready');
  if (answers !== null) terminal.say(`\n${indent(answers.table)}`);
  if (answers?.asExpected === false) terminal.say('\nSome answers are not as expected: see the logs.');
  terminal.say(`\n${indent(places(settings, fleet, apiUrl))}`);
  if (!mayAsk)
    terminal.say('\nNo model was asked: set MILLRACE_API_KEY, or MILLRACE_API_KEY_FILE, to a key of this fleet.');
  const example = answers?.example;
  if (example) terminal.say(`\nTry it:\n${indent(curl(apiUrl, settings.AUTH === 'on', example))}`);
  terminal.say('\nCtrl-C finishes what runs, then stops.\n');
}

/** A fleet whose first answers fail still runs: its logs are what its owner needs now. */
async function askAll(settings: Settings, target: Target, terminal: Terminal): Promise<FirstAnswers | null> {
  const client = clientOf(target);
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
    `Operate   ${api}/ops`,
    `Queues    ${api}/ops/queues`,
    'Metrics',
    ...metrics,
    `Logs      ${path.relative(process.cwd(), path.join(settings.DATA_DIR, 'logs'))}`,
  ].join('\n');
}

function curl(apiUrl: string, withKey: boolean, { model, input }: { model: string; input: unknown }): string {
  const body = shellQuote(JSON.stringify({ version: model, input }));
  const key = withKey ? ` -H "Authorization: Bearer $MILLRACE_API_KEY"` : '';
  return `curl -s ${apiUrl}/v1/predictions${key} -H 'Content-Type: application/json' -H 'Prefer: wait' \\\n  -d ${body}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}

/** `millrace dead-letters`: what failed for good, and again. */
import { MillraceError } from '#client/millrace-client';
import type { DeadDelivery, OperatorClient } from '#client/operator-client';
import { patiently } from '../batch/patience.js';
import { CliError } from '../cli-error.js';
import { renderTable } from '../table.js';
import type { Target } from '../target.js';
import { operatorOf } from './operator.js';
import { failureTable } from './status.js';

interface Kind {
  readonly json: boolean;
  readonly webhooks: boolean;
  readonly model?: string;
}

export async function listDeadLetters(target: Target, options: Kind & { readonly limit: number }): Promise<void> {
  if (options.webhooks && options.model !== undefined)
    throw new CliError('Webhooks do not belong to a model: leave out --model.');
  const operator = operatorOf(target);
  const { limit, json, model } = options;
  if (options.webhooks) {
    const found = await firstOf(operator.deadDeliveries(), limit);
    return print(found, json, 'There are no webhooks that were given up.', deliveryTable);
  }
  const found = await firstOf(operator.deadLetters(model), limit);
  print(found, json, 'There are no failed predictions.', failureTable);
}

export async function redriveDeadLetters(
  target: Target,
  options: Kind & { readonly ids: readonly string[]; readonly all: boolean },
): Promise<void> {
  checkWish(options);
  const operator = operatorOf(target);
  const refused: string[] = [];
  let done = 0;
  for await (const id of wanted(operator, options)) {
    try {
      const fresh = await patiently(() => again(operator, id, options.webhooks));
      done += 1;
      console.log(options.json ? JSON.stringify({ retry_of: id, id: fresh }) : `${id} -> ${fresh}`);
    } catch (error) {
      if (!(error instanceof MillraceError) || !isOfThisOne(error)) throw error;
      refused.push(`${id}: ${error.message}`);
    }
  }
  for (const line of refused) console.error(line);
  const things = options.webhooks ? 'webhooks are sent again' : 'predictions were put back, as new ones';
  console.error(`${done} ${things}.`);
  if (refused.length > 0) throw new CliError(`${refused.length} could not be.`);
}

/** @throws CliError */
function checkWish({
  ids,
  all,
  model,
  webhooks,
}: Kind & { readonly ids: readonly string[]; readonly all: boolean }): void {
  if (all === ids.length > 0) throw new CliError('Name the ids, or say --all.');
  if (webhooks && model !== undefined) throw new CliError('Webhooks do not belong to a model: leave out --model.');
  if (all && !webhooks && model === undefined) throw new CliError('Say which model: --all --model NAME.');
  if (!all && model !== undefined)
    throw new CliError('--model is for --all only: each id already says which model it belongs to.');
}

/** The list is read to its end first: what fails again meanwhile is not put back again and again. */
async function* wanted(
  operator: OperatorClient,
  { ids, all, model, webhooks }: Kind & { readonly ids: readonly string[]; readonly all: boolean },
): AsyncGenerator<string, void, undefined> {
  if (!all) return yield* ids;
  const letters: AsyncIterable<{ readonly id: string }> = webhooks
    ? operator.deadDeliveries()
    : operator.deadLetters(model);
  const found: string[] = [];
  for await (const { id } of letters) found.push(id);
  yield* found;
}

/** @returns the id of what runs, or is sent, now */
async function again(operator: OperatorClient, id: string, isWebhook: boolean): Promise<string> {
  return isWebhook ? (await operator.redeliver(id)).id : operator.redrive(id);
}

/** Of the others, a wrong key for one, nothing would be different at the next id. */
function isOfThisOne({ status }: MillraceError): boolean {
  return [404, 409, 422].includes(status);
}

async function firstOf<T>(all: AsyncIterable<T>, most: number): Promise<T[]> {
  const found: T[] = [];
  for await (const one of all) {
    found.push(one);
    if (found.length === most) break;
  }
  return found;
}

function print<T>(found: readonly T[], asJson: boolean, nothing: string, table: (found: readonly T[]) => string): void {
  if (asJson) return console.log(JSON.stringify(found));
  console.log(found.length === 0 ? nothing : table(found));
}

function deliveryTable(found: readonly DeadDelivery[]): string {
  const rows = found.map(({ id, client, host, event, created_at: at }) => [
    at.slice(0, 19).replace('T', ' '),
    id,
    client,
    host,
    event,
  ]);
  return renderTable(['created (UTC)', 'delivery', 'client', 'host', 'event'], rows);
}

/** `millrace pause`, `resume` and `drain`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelStatus, OperatorClient } from '#client/operator-client';
import { Progress } from '../batch/progress.js';
import { CliError } from '../cli-error.js';
import { patiently } from '../batch/patience.js';
import type { Target } from '../target.js';
import { inWords } from './durations.js';
import { operatorOf } from './operator.js';

const LOOK_EVERY_MS = 1_000;
/**
 * What the service knows of its queues is a second old, and another process of it may have accepted something in the
 * second before it saw the drain.
 */
const LOOKS_OF_NOTHING = 3;

const SAID = {
  pause: 'is paused: predictions are accepted and wait.',
  resume: 'runs.',
  drain: 'is drained: it takes nothing new.',
} as const;

export async function switchModel(
  target: Target,
  model: string,
  action: 'pause' | 'resume',
  asJson: boolean,
): Promise<void> {
  const status = await operatorOf(target).switchModel(model, action);
  console.log(asJson ? JSON.stringify(status) : `${model} ${SAID[action]} ${waitingOf(status)}`.trim());
}

export async function drain(
  target: Target,
  model: string,
  { wait, json }: { readonly wait: boolean; readonly json: boolean },
): Promise<void> {
  const operator = operatorOf(target);
  const begun = await operator.switchModel(model, 'drain');
  const status = wait ? await untilEmpty(operator, begun) : begun;
  if (json) return console.log(JSON.stringify(status));
  console.log(`${model} ${SAID.drain} ${wait ? 'All that was accepted has run.' : waitingOf(status)}`.trim());
}

/** @throws CliError where somebody ends the drain meanwhile */
async function untilEmpty(operator: OperatorClient, begun: ModelStatus): Promise<ModelStatus> {
  const progress = new Progress();
  const most = Math.max(1, loadOf(begun));
  try {
    for (let looks = 0; ;) {
      const status = await patiently(() => lookAt(operator, begun.model));
      if (status.state !== 'draining')
        throw new CliError(`Somebody else has switched ${begun.model}: ${status.state}.`);
      const load = loadOf(status);
      looks = load === 0 ? looks + 1 : 0;
      if (looks === LOOKS_OF_NOTHING) return status;
      progress.show('draining', 1 - load / Math.max(most, load), detailOf(status));
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    progress.end();
  }
}

async function lookAt(operator: OperatorClient, model: string): Promise<ModelStatus> {
  const found = (await operator.models()).find((one) => one.model === model);
  if (found === undefined) throw new CliError(`The fleet no longer serves ${model}.`);
  return found;
}

function loadOf({ waiting, running }: ModelStatus): number {
  return waiting.normal + waiting.low + running;
}

function detailOf(status: ModelStatus): string {
  const { time_to_drain: seconds, workers } = status;
  const left = `${loadOf(status).toLocaleString('en-US')} left`;
  if (workers === 0) return `${left}, and no worker serves it`;
  return seconds === null ? left : `${left}, about ${inWords(seconds)}`;
}

function waitingOf(status: ModelStatus): string {
  const load = loadOf(status);
  return load === 0 ? '' : `${load.toLocaleString('en-US')} wait or run.`;
}

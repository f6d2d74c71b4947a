/**
 * `millrace top`: `millrace status`, every second. In a terminal it draws on the terminal's other screen, so that what
 * was there before is there afterwards; elsewhere it prints one look below the other.
 */
import { clearScreenDown, cursorTo, emitKeypressEvents } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceUnreachableError } from '#client/millrace-client';
import type { OperatorClient } from '#client/operator-client';
import type { Target } from '../target.js';
import { operatorOf } from './operator.js';
import { describeFleet } from './status.js';

const LOOK_EVERY_MS = 1_000;
const OTHER_SCREEN = '\u001b[?1049h\u001b[?25l';
const FIRST_SCREEN = '\u001b[?25h\u001b[?1049l';

/** @param count looks; null for no end */
export async function top(target: Target, count: number | null): Promise<void> {
  const operator = operatorOf(target);
  // Whoever may not look is told so before the screen changes.
  const first = describeFleet(await operator.fleet());
  // Output that is redirected, or has no size, is not a screen.
  if (!process.stdout.isTTY || !(process.stdout.rows > 0)) return printLooks(operator, first, count);
  const quit = new AbortController();
  const leave = openScreen(() => quit.abort());
  try {
    await looks(operator, first, count, draw, quit.signal);
  } finally {
    leave();
  }
}

async function printLooks(operator: OperatorClient, first: string, count: number | null): Promise<void> {
  const quit = new AbortController();
  // The reader of a pipe may go (`| head`).
  process.stdout.on('error', () => quit.abort());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => quit.abort());
  await looks(operator, first, count, (text) => void process.stdout.write(`${text}\n\n`), quit.signal);
}

async function looks(
  operator: OperatorClient,
  first: string,
  count: number | null,
  show: (text: string) => void,
  quit: AbortSignal,
): Promise<void> {
  let text = first;
  for (let shown = 0; ;) {
    show(`${new Date().toISOString().slice(11, 19)} UTC  ${text}`);
    shown += 1;
    if (shown === count) return;
    const isOver = await sleep(LOOK_EVERY_MS, false, { signal: quit }).catch(() => true);
    if (isOver) return;
    text = await look(operator, text);
  }
}

/** A fleet that is restarted comes back; what was seen last stays to be read. */
async function look(operator: OperatorClient, before: string): Promise<string> {
  try {
    return describeFleet(await operator.fleet());
  } catch (error) {
    if (error instanceof MillraceUnreachableError || isPassing(error)) return outdated(before, error as Error);
    throw error;
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof Error && 'status' in error && Number(error.status) >= 500;
}

const OLD = '! These numbers are old: ';

function outdated(text: string, { message }: Error): string {
  const [head = '', ...rest] = text.split('\n').filter((line) => !line.startsWith(OLD));
  return [head, `${OLD}${message}`, ...rest].join('\n');
}

/** As much of it as the screen has lines and columns. */
function draw(text: string): void {
  const { rows, columns } = process.stdout;
  const lines = [...text.split('\n').slice(0, rows - 1), 'q quits'].map((line) => line.slice(0, columns));
  cursorTo(process.stdout, 0, 0);
  clearScreenDown(process.stdout);
  process.stdout.write(lines.join('\n'));
}

/** @returns what leaves the screen as it was */
function openScreen(onQuit: () => void): () => void {
  const { stdin, stdout } = process;
  stdout.write(OTHER_SCREEN);
  const onKey = (_: string | undefined, key: { readonly name?: string; readonly ctrl?: boolean }): void => {
    if (key.name === 'q' || (key.ctrl === true && key.name === 'c')) onQuit();
  };
  if (stdin.isTTY) {
    emitKeypressEvents(stdin);
    stdin.setRawMode(true).on('keypress', onKey).resume();
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, onQuit);
  return () => {
    if (stdin.isTTY) stdin.setRawMode(false).pause();
    stdout.write(FIRST_SCREEN);
  };
}

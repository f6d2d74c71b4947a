/** Some program as somebody starts it at a terminal, and what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { until, within } from './patience.js';

export class Program {
  /** Lines of both outputs, as they came. */
  readonly out: string[] = [];
  readonly err: string[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(command: readonly [string, ...string[]], env: Readonly<Record<string, string>>, cwd: string) {
    const [program, ...words] = command;
    const child = spawn(program, words, {
      cwd,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#closed = once(child, 'close');
    onTestFinished(() => void child.kill('SIGKILL'));
    const collect = (stream: Readable, lines: string[]): void =>
      void createInterface({ input: stream }).on('line', (line) => lines.push(line));
    collect(child.stdout, this.out);
    collect(child.stderr, this.err);
  }

  /** @returns its exit code, when it has ended and everything that it said is here */
  async ended(deadlineMs = 90_000): Promise<number | null> {
    await within(this.#closed, { deadlineMs, what: 'the program to end' });
    return this.#child.exitCode;
  }

  /** The first line of its output that begins like this, or the one that comes. */
  line(beginning: string): Promise<string> {
    return until(() => this.out.find((line) => line.startsWith(beginning)), {
      deadlineMs: 90_000,
      what: `a line that begins with ${beginning}, and not ${this.err.join(' | ')}`,
    });
  }
}

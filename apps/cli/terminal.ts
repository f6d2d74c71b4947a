/**
 * What the launcher shows: lines for people, a line of progress while something is awaited, and the logs of the fleet.
 *
 * In a terminal the logs are written for eyes and, until the fleet is ready, only from `warn` upwards: the whole of them
 * is in the log files. Elsewhere (a container, a pipe) each line stays the JSON that it is.
 */
import ora from 'ora';
import pretty from 'pino-pretty';

const WARN = 40;

export class Terminal {
  readonly #isTty = process.stdout.isTTY;
  readonly #spinner = ora({ discardStdin: false, indent: 0 });
  readonly #format = pretty.prettyFactory({
    colorize: this.#isTty,
    singleLine: true,
    ignore: 'pid,hostname,name',
    translateTime: 'SYS:HH:MM:ss.l',
  });
  #quiet = true;

  constructor() {
    // The reader of a pipe may go (`| head`); that is no reason to stop a fleet.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  }

  /** A line for people. */
  readonly say = (line: string): void => {
    const spinning = this.#spinner.isSpinning;
    if (spinning) this.#spinner.clear();
    process.stdout.write(`${line}\n`);
    if (spinning) this.#spinner.render();
  };

  /** What is going on now; replaces what was. */
  progress(text: string): void {
    if (this.#spinner.text === text && this.#spinner.isSpinning) return;
    if (this.#isTty && this.#spinner.isSpinning) this.#spinner.text = text;
    else this.#spinner.start(text);
  }

  /** Ends the line of progress. */
  done(text?: string): void {
    if (text === undefined) this.#spinner.stop();
    else this.#spinner.succeed(text);
  }

  fail(sentence: string): void {
    this.#spinner.stop();
    process.stderr.write(`${sentence}\n`);
  }

  /** From now on all lines of the logs are shown. */
  showLogs(): void {
    this.#quiet = false;
  }

  /** One line that a process of the fleet wrote. */
  log(name: string, line: string): void {
    if (!this.#isTty) return this.say(line);
    const entry = parseEntry(line);
    if (entry === null) return this.say(`${name} | ${line}`);
    if (this.#quiet && entry.level < WARN) return;
    this.say(`${name} | ${this.#format(entry).trimEnd()}`);
  }
}

function parseEntry(line: string): { level: number } | null {
  if (!line.startsWith('{')) return null;
  try {
    const entry = JSON.parse(line) as { level?: unknown };
    return typeof entry.level === 'number' ? { ...entry, level: entry.level } : null;
  } catch {
    return null; // Half a line of a process that died: shown as it is.
  }
}

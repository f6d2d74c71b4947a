/**
 * What the launcher shows: lines for people, a line of progress while something is awaited, and the logs of the fleet.
 *
 * In a terminal the logs are written for eyes and, until the fleet is ready, only from `warn` upwards: the whole of them
 * is in the log files. Elsewhere (a container, a pipe) each line stays the JSON that it is.
 */
import ora from 'ora';
import pretty from 'pino-pretty';

/** Levels that a person should see while the fleet starts. */
const LOUD: ReadonlySet<unknown> = new Set(['warn', 'error', 'fatal', 40, 50, 60]);

export class Terminal {
  // Some terminals say that they have no columns; a spinner cannot be drawn there.
  readonly #isTty = process.stdout.isTTY && process.stdout.columns > 0;
  readonly #spinner = ora({ discardStdin: false, indent: 0 });
  readonly #format = pretty.prettyFactory({
    colorize: this.#isTty,
    singleLine: true,
    ignore: 'pid,hostname,name,app',
    translateTime: 'SYS:HH:MM:ss.l',
  });
  #progress: string | null = null;
  #quiet = true;

  constructor() {
    // The reader of a pipe may go (`| head`); that is no reason to stop a fleet.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  }

  /** A line for people. The spinner makes room for it by itself: it listens to what is written to a terminal. */
  readonly say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };

  /** What is going on now; replaces what was. */
  progress(text: string): void {
    if (this.#progress === text) return;
    this.#progress = text;
    if (!this.#isTty) this.say(text);
    else if (this.#spinner.isSpinning) this.#spinner.text = text;
    else this.#spinner.start(text);
  }

  /** Ends the line of progress. */
  done(text?: string): void {
    this.#progress = null;
    if (text === undefined) this.#spinner.stop();
    else if (this.#isTty) this.#spinner.succeed(text);
    else this.say(text);
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
    if (this.#quiet && !LOUD.has(entry.level)) return;
    this.say(`${name} | ${this.#format(entry).trimEnd()}`);
  }
}

function parseEntry(line: string): { readonly level: unknown } | null {
  if (!line.startsWith('{')) return null;
  try {
    const entry = JSON.parse(line) as { level?: unknown };
    return entry.level === undefined ? null : { ...entry, level: entry.level };
  } catch {
    return null; // Half a line of a process that died: shown as it is.
  }
}

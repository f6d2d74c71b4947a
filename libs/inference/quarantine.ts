/**
 * Runs suspects one at a time in a child of their own, while the pool serves everybody else.
 *
 * A prediction is in here because a child died, or the graph reported an error, while it ran among others. Alone, the
 * guilty one shows itself: it is failed only after two fresh children have died with it by themselves. What says nothing
 * about it (a child that did not start or was killed from outside, no memory) makes no verdict: it has to come again. The
 * child is started for the first suspect and ended after a quiet minute.
 */
import type { RowAnswer, Stages } from '#contract/executor-protocol';
import type { Failure } from '#domain/failure';
import type { Input, VersionId } from '#domain/model-version';
import type { RunFacts } from '#domain/outcome';
import { Executor, type DeathCause, type ExecutorOptions, CANCELED, HUNG, KILLED, TIMED_OUT } from './executor.js';
import { CANCEL_GRACE_MS, totalMs } from './executor-pool.js';

export type Verdict =
  | {
      readonly kind: 'succeeded';
      readonly outputJson: string;
      readonly run: RunFacts;
      readonly stages: Stages;
    }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** It was marked before it had ended. */
  | { readonly kind: 'dropped' }
  /** The obstacle says nothing about the prediction: it has to be tried again. The reason is a sentence. */
  | { readonly kind: 'undecided'; readonly reason: string };

type Attempt =
  | { readonly kind: 'ran'; readonly result: RowAnswer; readonly run: RunFacts; readonly stages: Stages }
  | { readonly kind: 'broke'; readonly message: string; readonly mayPass: boolean }
  | { readonly kind: 'died'; readonly cause: DeathCause; readonly hadBegun: boolean };

/** Fresh children that a prediction may cost before it is failed. */
const DEATHS_ALLOWED = 2;
/** Children that may die for a reason that need not be the prediction's; then a pause helps more than another child. */
const OTHER_DEATHS_ALLOWED = 2;
/** Causes of death that are not the prediction's fault. */
const FAULTLESS: ReadonlySet<DeathCause> = new Set([KILLED, HUNG]);
const IDLE_MS = 60_000;

export class Quarantine {
  #executor: Executor | null = null;
  #isFresh = false;
  /** Whether the prediction whose turn it is was marked. */
  #isDropped: () => boolean = () => false;
  #idle: NodeJS.Timeout | null = null;
  /** Set while an attempt waits for the child to be ready or to answer. */
  #onReady: (() => void) | null = null;
  #onDeath: ((cause: DeathCause, hadBegun: boolean) => void) | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly options: ExecutorOptions,
    /** A child could not load the models that the pool did; that says nothing about the prediction. */
    private readonly onNotLoaded: (reason: string) => void,
  ) {}

  get pid(): number | undefined {
    return this.#executor?.pid;
  }

  /** Gives one prediction its verdict; calls wait for one another. */
  runAlone(
    versionId: VersionId,
    input: Input,
    onStarted: (atMs: number) => void,
    isDropped: () => boolean = () => false,
  ): Promise<Verdict> {
    const verdict = this.#turn.then(() => {
      this.#isDropped = isDropped;
      return this.#judge(versionId, input, onStarted);
    });
    this.#turn = verdict.catch(() => undefined);
    return verdict;
  }

  /** Call it when a prediction was marked: a run that holds it and does not end soon is ended with its child. */
  endMarked(): void {
    const executor = this.#executor;
    const running = executor?.running ?? null;
    if (executor === null || running === null || !this.#isDropped()) return;
    setTimeout(() => {
      if (executor.running === running) executor.stop(CANCELED);
    }, CANCEL_GRACE_MS).unref();
  }

  close(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#executor?.kill();
  }

  async #judge(versionId: VersionId, input: Input, onStarted: (atMs: number) => void): Promise<Verdict> {
    let deaths = 0;
    let otherDeaths = 0;
    for (;;) {
      if (this.#isDropped()) return { kind: 'dropped' };
      const wasFresh = this.#executor === null || this.#isFresh;
      const attempt = await this.#attempt(versionId, input, onStarted);
      if (attempt.kind === 'ran') return verdictOf(attempt);
      if (attempt.kind === 'broke') return broke(attempt);
      if (attempt.cause === CANCELED) continue;
      // It ran alone: nothing else can have kept it waiting.
      if (attempt.cause === TIMED_OUT) return timedOut(this.options.timeoutMs(versionId));
      // A child that has run others before may die of what they left behind.
      if (attempt.hadBegun && wasFresh && !FAULTLESS.has(attempt.cause)) deaths += 1;
      else otherDeaths += 1;
      if (deaths >= DEATHS_ALLOWED) return crashed(attempt.cause);
      if (otherDeaths >= OTHER_DEATHS_ALLOWED) return undecided(attempt);
    }
  }

  async #attempt(versionId: VersionId, input: Input, onStarted: (atMs: number) => void): Promise<Attempt> {
    const early = await this.#ensureReady();
    if (early !== null) return early;
    return new Promise<Attempt>((resolve) => {
      let startedAtMs = Date.now();
      this.#onDeath = (cause, hadBegun) => resolve({ kind: 'died', cause, hadBegun });
      this.#isFresh = false;
      this.#executor?.run({
        versionId,
        inputs: [JSON.stringify(input)],
        onRunning: () => {
          startedAtMs = Date.now();
          onStarted(startedAtMs);
          // Marked while the child started.
          this.endMarked();
        },
        onRan: ([result], stages) => resolve(ran(result, startedAtMs, stages)),
        onBroke: (message, mayPass) => resolve({ kind: 'broke', message, mayPass }),
      });
    });
  }

  /** @returns null when a child is ready, or how it died before it was */
  #ensureReady(): Promise<Attempt | null> {
    this.#restartIdleTimer();
    if (this.#executor?.ready) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#onReady = () => resolve(null);
      this.#onDeath = (cause) => resolve({ kind: 'died', cause, hadBegun: false });
      this.#executor ??= this.#spawn();
    });
  }

  #spawn(): Executor {
    this.#isFresh = true;
    return new Executor(this.options, 'one', {
      onReady: () => this.#onReady?.(),
      onRefused: (reason) => this.onNotLoaded(reason),
      onDeath: (_, cause, running) => {
        this.#executor = null;
        this.#onDeath?.(cause, running !== null);
      },
    });
  }

  #restartIdleTimer(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#executor?.load === 0) this.#executor.kill();
      else this.#restartIdleTimer();
    }, IDLE_MS);
    this.#idle.unref();
  }
}

function ran(result: RowAnswer | undefined, startedAtMs: number, stages: Stages): Attempt {
  if (result === undefined) return { kind: 'broke', message: 'The model gave no answer.', mayPass: false };
  return { kind: 'ran', result, run: { startedAtMs, predictMs: totalMs(stages), batchSize: 1 }, stages };
}

function verdictOf({ result, run, stages }: Extract<Attempt, { kind: 'ran' }>): Verdict {
  if ('outputJson' in result) return { kind: 'succeeded', ...result, run, stages };
  return { kind: 'failed', failure: result.failure };
}

function broke({ message, mayPass }: Extract<Attempt, { kind: 'broke' }>): Verdict {
  if (mayPass) return { kind: 'undecided', reason: message };
  return { kind: 'failed', failure: { code: 'model_error', message } };
}

function undecided({ cause, hadBegun }: Extract<Attempt, { kind: 'died' }>): Verdict {
  const reason = `An executor process ended by ${cause} ${hadBegun ? 'while it ran' : 'before it ran'}.`;
  return { kind: 'undecided', reason };
}

function timedOut(limitMs: number): Verdict {
  const message = `The prediction ran alone for longer than the ${limitMs} ms that its version allows.`;
  return { kind: 'failed', failure: { code: 'timeout', message } };
}

function crashed(cause: DeathCause): Verdict {
  const message = `The executor process ended by ${cause} each time this prediction ran alone.`;
  return { kind: 'failed', failure: { code: 'crashed', message } };
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome, RunFacts } from './outcome.js';
import { isTerminal, type Standing, type Status, TRANSITIONS } from './prediction.js';
import { GONE, type JobRow, project } from './project.js';

const NEW: JobRow = {
  startedAtMs: null,
  endedAtMs: null,
  failedReason: null,
  mark: null,
  outcome: null,
  attempts: 0,
  stalls: 0,
  deadlineAtMs: null,
};
const RUN: RunFacts = { startedAtMs: 50, predictMs: 3, batchSize: 8 };
const SUCCEEDED: Outcome = { kind: 'succeeded', output: { value: 1 }, run: RUN };
const FAILED: Outcome = { kind: 'failed', failure: { code: 'invalid_output', message: 'NaN' }, run: RUN };

const status = (envelope: Partial<JobRow>, retry: Partial<JobRow> | null = null): string => {
  const standing = project({ ...NEW, ...envelope }, retry === null ? null : { ...NEW, ...retry });
  return standing === GONE ? GONE : standing.status;
};

describe('before the envelope has ended', () => {
  it('is starting until a run was reported, then processing', () => {
    expect(status({})).toBe('starting');
    expect(status({ startedAtMs: 5 })).toBe('processing');
  });

  it('shows no outcome, not even of a retry job that has ended', () => {
    expect(status({ outcome: SUCCEEDED })).not.toBe('succeeded');
    expect(status({ outcome: { kind: 'moved', run: RUN } }, { endedAtMs: 9, outcome: SUCCEEDED })).toBe('processing');
    expect(status({}, { endedAtMs: 9, failedReason: 'crashed: x' })).toBe('starting');
  });

  it('is canceled by a mark, at the moment of the mark', () => {
    const standing = project({ ...NEW, startedAtMs: 3, mark: { kind: 'canceled', atMs: 7 } }, null);
    expect(standing).toMatchObject({ status: 'canceled', startedAtMs: 3, completedAtMs: 7, output: null });
  });

  it('keeps to itself the reason of an attempt that will be repeated', () => {
    expect(status({ failedReason: null, startedAtMs: 1 })).toBe('processing');
  });
});

describe('when the envelope has ended', () => {
  it('tells the outcome with what it cost', () => {
    expect(project({ ...NEW, endedAtMs: 60, outcome: SUCCEEDED }, null)).toEqual({
      status: 'succeeded',
      output: { value: 1 },
      failure: null,
      startedAtMs: 50,
      attempts: 1,
      completedAtMs: 60,
      predictMs: 3,
      batchSize: 8,
    });
    expect(project({ ...NEW, endedAtMs: 60, outcome: FAILED }, null)).toMatchObject({
      status: 'failed',
      output: null,
      failure: { code: 'invalid_output' },
    });
  });

  it('lets a mark that was set before win over any outcome', () => {
    const mark = { kind: 'canceled', atMs: 55 } as const;
    for (const outcome of [SUCCEEDED, FAILED, { kind: 'dropped' } as const, null]) {
      expect(status({ endedAtMs: 60, mark, outcome })).toBe('canceled');
    }
    expect(status({ endedAtMs: 60, mark, failedReason: 'internal: x' })).toBe('canceled');
  });

  it('follows a moved row into its retry job', () => {
    const moved = { endedAtMs: 60, outcome: { kind: 'moved', run: RUN } as const };
    expect(status(moved, {})).toBe('processing');
    expect(status({ ...moved, outcome: { kind: 'moved', run: null } }, {})).toBe('starting');
    expect(status(moved, { endedAtMs: 70, outcome: SUCCEEDED })).toBe('succeeded');
    expect(status(moved, { mark: { kind: 'canceled', atMs: 65 } })).toBe('canceled');
    expect(project({ ...NEW, ...moved }, { ...NEW, endedAtMs: 70, failedReason: 'crashed: by SIGSEGV' })).toMatchObject(
      {
        status: 'failed',
        failure: { code: 'crashed', message: 'by SIGSEGV' },
        startedAtMs: 50,
        completedAtMs: 70,
      },
    );
  });

  it('listens to a retry job only where the row was moved', () => {
    expect(status({ endedAtMs: 60, outcome: SUCCEEDED }, { endedAtMs: 70, failedReason: 'crashed: x' })).toBe(
      'succeeded',
    );
  });

  it('is gone where its outcome is no longer kept', () => {
    expect(status({ endedAtMs: 60 })).toBe(GONE);
    expect(status({ endedAtMs: 60, outcome: { kind: 'moved', run: null } })).toBe(GONE);
    expect(status({ endedAtMs: 60, outcome: { kind: 'dropped' } })).toBe(GONE);
  });
});

describe('attempts', () => {
  const attempts = (envelope: Partial<JobRow>, retry: Partial<JobRow> | null = null): number | undefined => {
    const standing = project({ ...NEW, ...envelope }, retry === null ? null : { ...NEW, ...retry });
    return standing === GONE ? undefined : standing.attempts;
  };
  const moved = { endedAtMs: 60, outcome: { kind: 'moved', run: RUN } as const };

  it('are none before it has run, and one where it succeeded at once', () => {
    expect(attempts({})).toBe(0);
    expect(attempts({ endedAtMs: 60, outcome: SUCCEEDED })).toBe(1);
    expect(attempts({ endedAtMs: 60, mark: { kind: 'canceled', atMs: 55 }, outcome: { kind: 'dropped' } })).toBe(0);
  });

  it('count the workers that were lost with its envelope', () => {
    expect(attempts({ stalls: 1, attempts: 1 })).toBe(1);
    expect(attempts({ stalls: 1, attempts: 2 })).toBe(2);
    expect(attempts({ stalls: 1, attempts: 1, endedAtMs: 60, outcome: SUCCEEDED })).toBe(2);
  });

  it('count those alone as well as those among others', () => {
    expect(attempts(moved, { attempts: 1 })).toBe(1);
    expect(attempts(moved, { attempts: 2, endedAtMs: 70, outcome: SUCCEEDED })).toBe(2);
    expect(attempts(moved, { attempts: 6, endedAtMs: 70, failedReason: 'executor_unavailable: x' })).toBe(6);
  });

  it('of a row that broke a rule, and of one whose time was over, are none', () => {
    const failure = { code: 'invalid_input', message: 'x' } as const;
    expect(attempts({ endedAtMs: 60, stalls: 1, outcome: { kind: 'failed', failure, run: null } })).toBe(0);
    expect(attempts({ endedAtMs: 60, stalls: 1, deadlineAtMs: 50, outcome: { kind: 'dropped' } })).toBe(0);
  });

  it('do not change with what happens after a mark', () => {
    const mark = { kind: 'canceled', atMs: 55 } as const;
    expect(attempts({ attempts: 1, mark, stalls: 3, endedAtMs: 60, outcome: SUCCEEDED })).toBe(1);
  });
});

/**
 * The law behind all of it: facts are added in any order that Redis permits, and whoever looks in between never sees a
 * step that `TRANSITIONS` forbids, and never sees anything change about an end.
 */
describe('over any legal history', () => {
  interface World {
    envelope: JobRow;
    retry: JobRow | null;
  }
  type Fact = (world: World, now: number) => World;

  const isOpen = (job: JobRow | null): job is JobRow => job?.endedAtMs === null;
  /** As `SET_STARTS`: the first start of an open, unmarked row, and the number of the attempt. */
  const start = (job: JobRow, now: number): JobRow =>
    isOpen(job) && job.mark === null ? { ...tried(job), startedAtMs: job.startedAtMs ?? now } : job;
  const tried = (job: JobRow): JobRow =>
    isOpen(job) && job.mark === null ? { ...job, attempts: Math.max(job.attempts, job.stalls + 1) } : job;
  const stall = (job: JobRow): JobRow => (isOpen(job) ? { ...job, stalls: job.stalls + 1 } : job);
  /** As `SET_MARK`: what has ended is not marked any more, nor marked twice. */
  const mark = (job: JobRow, kind: 'canceled' | 'aborted', now: number): JobRow =>
    isOpen(job) && job.mark === null ? { ...job, mark: { kind, atMs: now } } : job;
  const run = (now: number): RunFacts => ({ startedAtMs: Math.max(0, now - 1), predictMs: 1, batchSize: 1 });
  const onRetry =
    (change: (job: JobRow, now: number) => JobRow): Fact =>
    ({ envelope, retry }, now) => ({ envelope, retry: retry === null ? null : change(retry, now) });
  const end = (job: JobRow, now: number, outcome: Outcome | null, failedReason: string | null = null): JobRow =>
    isOpen(job) ? { ...job, endedAtMs: now, outcome, failedReason } : job;
  const markBoth =
    (kind: 'canceled' | 'aborted'): Fact =>
    ({ envelope, retry }, now) => {
      // Whoever aborts does so only to what has not begun.
      const begun = [envelope, retry ?? NEW].some((job) => job.startedAtMs !== null || job.outcome !== null);
      if (kind === 'aborted' && begun) return { envelope, retry };
      return { envelope: mark(envelope, kind, now), retry: retry === null ? null : mark(retry, kind, now) };
    };

  const FACTS: Record<string, Fact> = {
    'starts in its envelope': ({ envelope, retry }, now) => ({ envelope: start(envelope, now), retry }),
    'starts in its retry job': onRetry(start),
    'is tried in its retry job': onRetry(tried),
    'loses the worker of its envelope': ({ envelope, retry }) => ({ envelope: stall(envelope), retry }),
    'loses the worker of its retry job': onRetry(stall),
    'is canceled': markBoth('canceled'),
    'is aborted': markBoth('aborted'),
    'gets a retry job': ({ envelope, retry }) => ({
      envelope,
      retry:
        retry ?? (isOpen(envelope) ? { ...NEW, attempts: envelope.stalls + 1, stalls: envelope.stalls + 1 } : null),
    }),
    'retry succeeds': onRetry((job, now) => end(job, now, { kind: 'succeeded', output: { value: 2 }, run: run(now) })),
    'retry fails': onRetry((job, now) => end(job, now, null, 'crashed: by SIGKILL')),
    'envelope settles it': ({ envelope, retry }, now) => ({
      envelope: end(envelope, now, { kind: 'succeeded', output: { value: 1 }, run: run(now) }),
      retry,
    }),
    'envelope moves it': ({ envelope, retry }, now) => ({
      envelope: retry === null ? envelope : end(envelope, now, { kind: 'moved', run: now % 2 === 0 ? run(now) : null }),
      retry,
    }),
    'envelope fails': ({ envelope, retry }, now) => ({ envelope: end(envelope, now, null, 'internal: bug'), retry }),
    'envelope drops it': ({ envelope, retry }, now) => ({
      envelope: envelope.mark === null ? envelope : end(envelope, now, { kind: 'dropped' }),
      retry,
    }),
  };

  const history = fc.array(fc.constantFrom(...Object.keys(FACTS)), { maxLength: 25 });

  /** Everything that a reader sees who looks after each fact. */
  function watch(names: readonly string[]): { seen: Standing[]; worlds: World[] } {
    let world: World = { envelope: NEW, retry: null };
    const worlds = names.map((name, index) => (world = FACTS[name]!(world, index + 100)));
    const seen = worlds.map(({ envelope, retry }) => {
      const standing = project(envelope, retry);
      if (standing === GONE) throw new Error('a record that is kept is gone');
      return standing;
    });
    return { seen, worlds };
  }

  it('takes only legal steps: processing never returns to starting', () => {
    fc.assert(
      fc.property(history, (names) => {
        let last: Status = 'starting';
        for (const { status } of watch(names).seen) {
          if (status !== last) expect(TRANSITIONS[last], `${last} -> ${status}`).toContain(status);
          last = status;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('never counts an attempt less than before', () => {
    fc.assert(
      fc.property(history, (names) => {
        const counts = watch(names).seen.map(({ attempts }) => attempts);
        expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      }),
      { numRuns: 1_000 },
    );
  });

  it('never changes anything about an end, whatever is added after', () => {
    fc.assert(
      fc.property(history, (names) => {
        const { seen } = watch(names);
        const first = seen.findIndex(({ status }) => isTerminal(status));
        if (first >= 0) for (const later of seen.slice(first)) expect(later).toEqual(seen[first]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('ends a moved row only after its envelope has ended, but for a mark', () => {
    fc.assert(
      fc.property(history, (names) => {
        const { seen, worlds } = watch(names);
        for (const [i, { status }] of seen.entries()) {
          const { envelope } = worlds[i]!;
          if (isTerminal(status) && envelope.endedAtMs === null) expect(envelope.mark).not.toBeNull();
        }
      }),
    );
  });
});

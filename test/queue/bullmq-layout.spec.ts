/**
 * What we read and write of BullMQ's own keys, words and scripts: one test for each, so that an upgrade which changes it
 * says here what has to follow. Who relies on it stands in the test's name.
 */
import { FlowProducer } from 'bullmq';
import { describe, expect, it } from 'vitest';
import type { Callback } from '#domain/callback';
import { announced, announcementId, qualifiedAnnouncementQueue } from '#queue/announcements';
import { LOST_LOCK } from '#queue/envelope-intake';
import { FLOW_SCRIPTS, FlowBackend } from '#queue/flow-backend';
import { addressOf, MODEL, newPrediction, type PlayedIntake, QueueCorner, succeeded } from '#testing/queue-corner';
import { signal } from '#testing/signal';

const callback: Callback = { url: null, events: ['completed'], owner: 'millrace', baseUrl: 'http://x' };

interface Family {
  readonly corner: QueueCorner;
  readonly jobId: string;
  readonly jobKey: string;
  readonly announcement: string;
  /** The announcement's key: it is the parent of the job. */
  readonly parentKey: string;
}

/** An envelope and its announcement, which waits for it. */
async function announcedEnvelope(): Promise<Family> {
  const corner = await QueueCorner.open();
  const { id } = await corner.writer.write(newPrediction({ callback }));
  const { envelopeId: jobId } = addressOf(id);
  const announcement = announcementId(jobId);
  const parentKey = `${qualifiedAnnouncementQueue(corner.catalogue, MODEL)}:${announcement}`;
  return { corner, jobId, jobKey: corner.catalogue.envelopeKey(MODEL, jobId), announcement, parentKey };
}

/** A worker that has the job in hand until it is told how to settle it. */
async function holding(corner: QueueCorner): Promise<{ intake: PlayedIntake; end: (how: 'well' | 'failed') => void }> {
  const [taken, told] = [signal(), signal<'well' | 'failed'>()];
  const intake = corner.intake(async () => {
    taken.send();
    return (await told.seen) === 'well'
      ? { kind: 'outcomes', outcomes: [succeeded(1)] }
      : { kind: 'failed', reason: '{"code":"internal","message":"broken"}' };
  });
  await taken.seen;
  return { intake, end: told.send };
}

async function ended({ corner, jobId }: Family, how: 'well' | 'failed'): Promise<void> {
  const { intake, end } = await holding(corner);
  end(how);
  await intake.settledBy(jobId).seen;
}

async function suffixesOf({ corner, parentKey }: Family): Promise<string[]> {
  const keys = await corner.redis.keys(`${parentKey.replace(/[[\]]/g, '\\$&')}*`);
  return keys.map((key) => key.slice(parentKey.length)).sort();
}

const fieldsOf = async ({ corner, jobKey }: Family): Promise<string[]> => (await corner.redis.hkeys(jobKey)).sort();

describe('the words of a lost lock (LOST_LOCK of envelope-intake)', () => {
  async function refusal(prepare: (family: Family) => Promise<unknown>): Promise<[string, string | undefined]> {
    const family = await announcedEnvelope();
    const { corner, jobId } = family;
    const { end } = await holding(corner);
    await prepare(family);
    const refused = corner.reported(({ message }) => message.includes(jobId));
    end('well');
    return [jobId, LOST_LOCK.exec((await refused).message)?.[1]];
  }

  it('name the job whose lock is gone', async () => {
    const [jobId, named] = await refusal(({ corner, jobKey }) => corner.redis.del(`${jobKey}:lock`));
    expect(named).toBe(jobId);
  });

  it('name the job whose lock another worker has', async () => {
    const [jobId, named] = await refusal(({ corner, jobKey }) => corner.redis.set(`${jobKey}:lock`, 'another'));
    expect(named).toBe(jobId);
  });
});

describe('the scripts of a flow (flow-backend)', () => {
  it('are those that it loads', async () => {
    const { corner } = await announcedEnvelope();
    const { redis, catalogue } = corner;
    const asked = new Set<string>();
    class Watched extends FlowBackend {
      override execCommand(...call: Parameters<FlowBackend['execCommand']>): unknown {
        asked.add(call[1]);
        return super.execCommand(...call);
      }
    }
    const prefix = catalogue.tag(MODEL);
    const flows = new FlowProducer({ connection: redis, prefix, skipVersionCheck: true }, (name, options) => {
      return new Watched(redis, prefix, name, options);
    });
    const announcement = { kind: 'envelope', model: MODEL, envelopeId: 'one', rows: [0] } as const;
    const job = { jobId: 'one', queueName: catalogue.queue(MODEL), name: 'one', data: {} };
    await flows.add(announced(catalogue, announcement, job));
    expect([...asked].sort()).toEqual([...FLOW_SCRIPTS].sort());
  });

  it.each(FLOW_SCRIPTS)('%s exists', async (name) => {
    const { backend, redis } = await backendThatHasAdded();
    expect(() => backend.execCommand(redis.multi(), name, [])).not.toThrow();
  });

  it('are missed by their names', async () => {
    const { backend, redis } = await backendThatHasAdded();
    const asking = (): unknown => backend.execCommand(redis.multi(), 'addWholeFlow', []);
    expect(asking).toThrow(/^BullMQ \d+\.\d+\.\d+ has no script addWholeFlow\.$/);
  });

  /** BullMQ has defined its scripts on the connection. */
  async function backendThatHasAdded() {
    const { redis, catalogue } = (await announcedEnvelope()).corner;
    return {
      redis,
      backend: new FlowBackend(redis, catalogue.tag(MODEL), catalogue.queue(MODEL), { connection: redis }),
    };
  }
});

describe('an announcement (janitor, batch-reader)', () => {
  it('with an open child has its hash, and a set of the keys of those that are open', async () => {
    const family = await announcedEnvelope();
    expect(await suffixesOf(family)).toEqual(['', ':dependencies']);
    expect(await family.corner.redis.smembers(`${family.parentKey}:dependencies`)).toEqual([family.jobKey]);
  });

  it('waits in `waiting-children`, since when it does', async () => {
    const beganMs = Date.now();
    const { corner, announcement } = await announcedEnvelope();
    const waiting = corner.queues.of(MODEL).announcements.toKey('waiting-children');
    const score = Number(await corner.redis.zscore(waiting, announcement));
    expect(score).toBeGreaterThanOrEqual(beganMs);
    expect(score).toBeLessThanOrEqual(Date.now());
  });

  it('has what a child was completed with in `processed`, by its key', async () => {
    const family = await announcedEnvelope();
    await ended(family, 'well');
    expect(await suffixesOf(family)).toEqual(['', ':processed']);
    const processed = await family.corner.redis.hgetall(`${family.parentKey}:processed`);
    expect(Object.keys(processed)).toEqual([family.jobKey]);
    expect(JSON.parse(processed[family.jobKey]!)).toMatchObject({ counts: { succeeded: 1 } });
  });

  it('has a child that failed in `failed`, by its key', async () => {
    const family = await announcedEnvelope();
    await ended(family, 'failed');
    expect(await suffixesOf(family)).toEqual(['', ':failed']);
    expect(await family.corner.redis.hkeys(`${family.parentKey}:failed`)).toEqual([family.jobKey]);
  });

  it('is released into `wait`, with a `marker` that wakes who takes it', async () => {
    const family = await announcedEnvelope();
    await ended(family, 'well');
    const { redis, queues } = family.corner;
    const [waiting = '', wait = '', marker = ''] = ['waiting-children', 'wait', 'marker'].map((state) =>
      queues.of(MODEL).announcements.toKey(state),
    );
    expect(await redis.zcard(waiting)).toBe(0);
    expect(await redis.lrange(wait, 0, -1)).toEqual([family.announcement]);
    expect(await redis.zrange(marker, 0, '-1', 'WITHSCORES')).toEqual(['0', '0']);
  });
});

describe('the hash of a job (completions, starts, job-times, envelope-reader, batch-reader)', () => {
  it('has its name, data and time while it waits', async () => {
    const family = await announcedEnvelope();
    expect(await fieldsOf(family)).toEqual(expect.arrayContaining(['data', 'name', 'timestamp']));
    for (const later of ['processedOn', 'finishedOn', 'returnvalue', 'failedReason', 'progress', 'stc'])
      expect(await fieldsOf(family)).not.toContain(later);
  });

  it('has `processedOn` once it is taken, and `finishedOn` not yet', async () => {
    const family = await announcedEnvelope();
    const { end } = await holding(family.corner);
    expect(await fieldsOf(family)).toContain('processedOn');
    expect(await fieldsOf(family)).not.toContain('finishedOn');
    end('well');
  });

  it('counts in `stc` the workers that lost it', async () => {
    const family = await announcedEnvelope();
    const dead = await holding(family.corner);
    await family.corner.loseLock({ modelCode: '', envelopeId: family.jobId, row: 0 });
    const living = await holding(family.corner);
    expect(await family.corner.redis.hget(family.jobKey, 'stc')).toBe('1');
    for (const { end } of [dead, living]) end('well');
  });

  it('has `finishedOn` in ms and `returnvalue` as JSON once it has ended', async () => {
    const family = await announcedEnvelope();
    const beganMs = Date.now();
    await ended(family, 'well');
    const [finishedOn, value, failed] = await family.corner.redis.hmget(
      family.jobKey,
      'finishedOn',
      'returnvalue',
      'failedReason',
    );
    expect(Number(finishedOn)).toBeGreaterThanOrEqual(beganMs);
    // As `announceEnd` looks for it.
    expect(value).toContain(`"token":"${(JSON.parse(value!) as { token: string }).token}"`);
    expect(failed).toBeNull();
  });

  it('has `finishedOn` and `failedReason`, and no `returnvalue`, once it has failed', async () => {
    const family = await announcedEnvelope();
    await ended(family, 'failed');
    const fields = await family.corner.redis.hmget(family.jobKey, 'finishedOn', 'returnvalue', 'failedReason');
    expect(fields).toEqual([expect.stringMatching(/^\d+$/), null, '{"code":"internal","message":"broken"}']);
  });

  it('hands `progress` over with the job', async () => {
    const family = await announcedEnvelope();
    await family.corner.redis.hset(family.jobKey, 'progress', '{"x":{"0":["canceled",7]}}');
    const taken = signal<unknown>();
    family.corner.intake(async ({ marks }) => {
      taken.send([...marks]);
      return { kind: 'outcomes', outcomes: [succeeded(1)] };
    });
    expect(await taken.seen).toEqual([[0, { kind: 'canceled', atMs: 7 }]]);
  });
});

import { describe, expect, it } from 'vitest';
import { newEnvelopeId } from '#domain/prediction-id';
import { type Claim, Reservations } from '#queue/reservations';
import { QueueCorner } from '#testing/queue-corner';
import { until } from '#testing/patience';

const claim = (fingerprint = 'body'): Claim => ({
  model: 'iris',
  fingerprint,
  versionId: 'a'.repeat(64),
  envelopeId: newEnvelopeId('i', Date.now()),
  createdAtMs: Date.now(),
});

async function desk() {
  const corner = await QueueCorner.open();
  return { corner, reservations: new Reservations(corner.redis, corner.catalogue) };
}

describe('an Idempotency-Key', () => {
  it('is granted to exactly one of fifty callers that come at once', async () => {
    const { corner, reservations } = await desk();
    const others = new Reservations(await corner.connect('producer'), corner.catalogue);
    const claims = Array.from({ length: 50 }, () => claim());
    const answers = await Promise.all(
      claims.map((fresh, n) => (n % 2 === 0 ? reservations : others).reserve('local', 'k', fresh)),
    );
    const granted = answers.flatMap((answer, n) => (answer.kind === 'granted' ? [{ answer, n }] : []));
    expect(granted).toHaveLength(1);
    expect(granted[0]!.answer.claim).toEqual(claims[granted[0]!.n]);
    expect(answers.filter(({ kind }) => kind === 'held')).toHaveLength(49);
  });

  it('stands for the first prediction once that is in the queue', async () => {
    const { reservations } = await desk();
    const first = claim();
    await reservations.reserve('local', 'k', first);
    await reservations.accept('local', 'k');
    for (let i = 0; i < 3; i += 1) {
      expect(await reservations.reserve('local', 'k', claim())).toEqual({ kind: 'accepted', claim: first });
    }
  });

  it('is refused with another body, whether the first is pending or accepted', async () => {
    const { reservations } = await desk();
    await reservations.reserve('local', 'k', claim());
    expect(await reservations.reserve('local', 'k', claim('other'))).toEqual({ kind: 'other_body' });
    await reservations.accept('local', 'k');
    expect(await reservations.reserve('local', 'k', claim('other'))).toEqual({ kind: 'other_body' });
  });

  it('is each client’s own', async () => {
    const { reservations } = await desk();
    await reservations.reserve('a', 'k', claim());
    expect((await reservations.reserve('b', 'k', claim('other'))).kind).toBe('granted');
  });

  it('is free again where its request was refused', async () => {
    const { reservations } = await desk();
    await reservations.reserve('local', 'k', claim());
    await reservations.release('local', 'k');
    const next = claim('other');
    expect(await reservations.reserve('local', 'k', next)).toEqual({ kind: 'granted', claim: next });
  });

  it('lives for a day, whatever happens to its job', async () => {
    const { corner, reservations } = await desk();
    await reservations.reserve('local', 'k', claim());
    await reservations.accept('local', 'k');
    const leftMs = await corner.redis.pttl(corner.catalogue.reservationKey('local', 'k'));
    expect(leftMs).toBeGreaterThan(24 * 3_600_000 - 60_000);
    expect(leftMs).toBeLessThanOrEqual(24 * 3_600_000);
  });

  it('does not come back where it is gone: it would stay for ever', async () => {
    const { corner, reservations } = await desk();
    await reservations.reserve('local', 'k', claim());
    await reservations.release('local', 'k');
    await reservations.accept('local', 'k');
    expect(await corner.redis.exists(corner.catalogue.reservationKey('local', 'k'))).toBe(0);
  });
});

// The first caller may die between its reservation and its job; a repeat then makes the same job.
it('is granted again, with the same envelope, when the first caller’s lease is over', async () => {
  const { reservations } = await desk();
  const first = claim();
  await reservations.reserve('local', 'k', first);
  expect(await reservations.reserve('local', 'k', claim())).toEqual({ kind: 'held' });
  const again = await until(
    async () => {
      const answer = await reservations.reserve('local', 'k', claim());
      return answer.kind === 'held' ? null : answer;
    },
    { deadlineMs: 30_000, what: 'the lease to end' },
  );
  expect(again).toEqual({ kind: 'granted', claim: first });
  // And it is a lease again: the second caller is alone as well.
  expect(await reservations.reserve('local', 'k', claim())).toEqual({ kind: 'held' });
});

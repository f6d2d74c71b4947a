/**
 * A canceled prediction that has not run never runs, and one that has ended stays what it is: a terminal status does
 * not change, whoever is quicker.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { type Answer, metric } from '#testing/http';
import { until } from '#testing/patience';
import { ended, forEach, get, IRIS, predict, submit } from '#testing/predictions';
import { fleetFor } from '../stage.js';

function cancel(api: FleetProcess, id: string): Promise<Answer> {
  return api.call('POST', `/v1/predictions/${id}/cancel`);
}

describe('before any worker lives', () => {
  const fleet = fleetFor('file');
  let api: FleetProcess;

  beforeAll(async () => {
    api = await fleet.api();
  });

  it('a waiting prediction is canceled at once, and to cancel it again changes nothing', async () => {
    const id = await submit(api, IRIS);
    const { status, json } = await cancel(api, id);
    expect(status).toBe(200);
    expect(json).toMatchObject({ id, status: 'canceled', output: null, error: null, started_at: null });
    expect(json.completed_at).not.toBeNull();
    expect((await cancel(api, id)).json).toEqual(json);
    expect(await get(api, id)).toEqual(json);
  });

  it('what nobody knows cannot be canceled', async () => {
    const id = await submit(api, IRIS);
    const otherRow = id.replace(/..$/, '0v');
    for (const unknown of ['p', 'nonsense', `${id}x`, otherRow, '..%2f..%2fetc']) {
      const { status, json } = await cancel(api, unknown);
      expect([unknown, status, json.code]).toEqual([unknown, 404, 'not_found']);
    }
  });
});

describe('when a worker comes later', () => {
  const fleet = fleetFor('file');

  it('it does not run what was canceled, alone or among others, and runs the rest', async () => {
    const api = await fleet.api();
    const alone = await submit(api, IRIS);
    const together = await forEach(Array.from({ length: 30 }), 30, () => submit(api, IRIS));
    const canceled = [alone, ...together.slice(0, 10)];
    const kept = together.slice(10);
    const told = await forEach(canceled, 4, async (id) => (await cancel(api, id)).json);

    const worker = await fleet.worker();
    for (const id of kept) expect(await ended(api, id)).toMatchObject({ status: 'succeeded' });
    const outcomes = (outcome: string): Promise<number> =>
      metric(worker.opsUrl, 'millrace_predictions_total', { outcome });
    const counted = async (): Promise<number> => (await outcomes('dropped')) + (await outcomes('succeeded'));
    await until(async () => (await counted()) === canceled.length + kept.length, {
      deadlineMs: 30_000,
      what: 'all rows to be counted',
    });
    expect(await outcomes('dropped')).toBe(canceled.length);
    expect(await forEach(canceled, 4, (id) => get(api, id))).toEqual(told);
  });
});

describe('with a worker', () => {
  const fleet = fleetFor('file');
  let api: FleetProcess;

  beforeAll(async () => {
    ({ api } = await fleet.pair());
  });

  it('what has ended is answered as it is', async () => {
    const prediction = await predict(api, IRIS);
    const { status, json } = await cancel(api, prediction.id);
    expect(status).toBe(200);
    expect(json).toEqual(prediction);
    expect(await get(api, prediction.id)).toEqual(prediction);
  });

  it('a cancel that races with the run has one winner, and everybody sees the same one', async () => {
    const raced = await forEach(Array.from({ length: 200 }), 20, async () => {
      const id = await submit(api, IRIS);
      return { id, told: (await cancel(api, id)).json as { status: string } };
    });
    for (const { id, told } of raced) {
      const final = await ended(api, id);
      expect(['succeeded', 'canceled']).toContain(final.status);
      if (['succeeded', 'canceled'].includes(told.status)) expect(final).toEqual(told);
    }
  });
});

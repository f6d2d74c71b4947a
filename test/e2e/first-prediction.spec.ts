/**
 * The promise of the front page: post an input, get an id, read the answer. Every golden example of every shipped
 * model goes through the real path (HTTP, Redis, worker, executor child) and comes back as training said it would, and
 * 150 irises sent singly get the classes that scikit-learn gives.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '#config/settings';
import { difference } from '#models/golden';
import type { FleetProcess } from '#testing/fleet';
import { SHIPPED, shipped } from '#testing/models';
import { ended, forEach, IRIS, post, predict } from '#testing/predictions';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('file');
let api: FleetProcess;

beforeAll(async () => {
  ({ api } = await fleet.pair());
});

describe.each(SHIPPED)('%s', (name) => {
  it('answers each of its golden examples as training did', async () => {
    const { golden } = await shipped(name);
    const found = await forEach(golden, 8, async ({ input, output, tolerance }) => {
      const prediction = await predict(api, { version: name, input });
      expect(prediction).toMatchObject({ status: 'succeeded', input, error: null, error_code: null });
      return difference(output, prediction.output, tolerance);
    });
    expect(found.filter((line) => line !== null)).toEqual([]);
    expect(golden.length).toBeGreaterThan(30);
  });

  it('says which version answered, by id and by label', async () => {
    const { id, label, golden } = await shipped(name);
    const { input } = golden[0]!;
    for (const version of [name, `${name}:${label}`, id, `millrace/${name}:${id}`, `millrace/${name}`]) {
      const prediction = await predict(api, { version, input });
      expect(prediction).toMatchObject({ model: `millrace/${name}`, version: id, version_label: label });
    }
  });

  it('can be asked by its path', async () => {
    const { id, golden } = await shipped(name);
    const body = { input: golden[0]!.input };
    const { status, json } = await api.call('POST', `/v1/models/millrace/${name}/predictions`, {
      body,
      headers: { prefer: 'wait' },
    });
    expect(status).toBe(201);
    expect(json).toMatchObject({ status: 'succeeded', version: id });
  });
});

it('answers 201 with a Location at once, and the answer is read there', async () => {
  const { status, headers, json } = await post(api, { ...IRIS, metadata: { order: '4711' } });
  expect(status).toBe(201);
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(json).toMatchObject({ status: 'starting', output: null, metadata: { order: '4711' }, data_removed: false });
  expect(json).toMatchObject({ started_at: null, completed_at: null, source: 'api', logs: '' });
  expect(headers.get('location')).toBe(`${api.url}/v1/predictions/${json.id}`);
  const url = headers.get('location');
  expect(json.urls).toEqual({ get: url, cancel: `${url}/cancel`, stream: `${url}/events` });

  const answer = await ended(api, json.id);
  expect(answer).toMatchObject({ id: json.id, status: 'succeeded', created_at: json.created_at });
  expect(answer).toMatchObject({ output: { label: 'setosa' }, metadata: { order: '4711' } });
});

it('tells a waiting caller and a later reader the same', async () => {
  const told = await predict(api, IRIS);
  const { json: read } = await api.call('GET', `/v1/predictions/${told.id}`);
  expect(read).toEqual(told);
});

it('measures each prediction in seconds', async () => {
  const { metrics, created_at, started_at, completed_at } = await predict(api, IRIS);
  expect(metrics.predict_time).toBeGreaterThan(0);
  expect(metrics.queue_time).toBeGreaterThanOrEqual(0);
  expect(metrics.total_time).toBeGreaterThanOrEqual(metrics.queue_time);
  expect(metrics.total_time).toBeLessThan(10);
  expect(metrics.batch_size).toBeGreaterThanOrEqual(1);
  expect(Date.parse(started_at!)).toBeGreaterThanOrEqual(Date.parse(created_at));
  expect(Date.parse(completed_at!)).toBeGreaterThanOrEqual(Date.parse(started_at!));
});

it('gives classes whose probabilities sum to one and whose score is the label`s own', async () => {
  const { output } = await predict(api, IRIS);
  const sum = Object.values<number>(output.probabilities).reduce((total, share) => total + share, 0);
  expect(sum).toBeCloseTo(1, 5);
  expect(output.score).toBe(output.probabilities[output.label]);
});

it('gives 150 irises, sent singly, the classes that scikit-learn gives', async () => {
  const file = path.join(projectRoot(), 'training', 'fixtures', 'iris-150.jsonl');
  const rows = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { input: unknown; label: string });
  const labels = await forEach(
    rows,
    1,
    async ({ input }) => (await predict(api, { version: 'iris', input })).output.label,
  );
  expect(labels).toEqual(rows.map((row) => row.label));
  expect(rows).toHaveLength(150);
});

it('does not download again what has not changed', async () => {
  const { id } = await predict(api, IRIS);
  const first = await api.call('GET', `/v1/predictions/${id}`);
  const tag = first.headers.get('etag') ?? '';
  for (const have of [tag, `"of-an-older-state", ${tag}`, '*']) {
    const again = await api.call('GET', `/v1/predictions/${id}`, { headers: { 'if-none-match': have } });
    expect(again).toMatchObject({ status: 304, text: '' });
  }
});

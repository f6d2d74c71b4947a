/**
 * An operator has a collector, and every process knows its address: one trace shows the request, the wait in the queue, the
 * run and the delivery, as a part of what the caller was doing. Nobody has one, and nothing of it is loaded.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FleetProcess, Settings } from '#testing/fleet';
import { until } from '#testing/patience';
import { freePort } from '#testing/redis-server';
import { IRIS, post } from '#testing/predictions';
import { type CollectedSpan, TraceCollector } from '#testing/trace-collector';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { fleetFor, fleetOfTest } from '../stage.js';

const SERVER = 2;
const CLIENT = 3;
const CONSUMER = 5;
const ERROR = 2;

/** Says at its end how many files of the SDK it had loaded. */
const COUNTING = `--import=data:text/javascript,${encodeURIComponent(`
  import { createRequire } from 'node:module';
  const { cache } = createRequire('file:///');
  process.on('exit', () => {
    const files = Object.keys(cache).filter((name) => /@opentelemetry.(sdk-trace|otlp|exporter)/.test(name));
    console.log(JSON.stringify({ msg: 'loaded', files: files.length }));
  });`)}`;

const fleet = fleetFor('file', { WEBHOOK_ALLOW_PRIVATE: 'true' });
let spans: TraceCollector;
let api: FleetProcess;

beforeAll(async () => {
  spans = await new TraceCollector().start();
  const settings = {
    OTEL_EXPORTER_OTLP_ENDPOINT: spans.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  };
  ({ api } = await fleet.pair(settings));
  await fleet.courier(settings);
});

afterAll(() => spans.stop());

async function receiver(): Promise<WebhookReceiver> {
  const started = await new WebhookReceiver().start();
  onTestFinished(() => started.stop());
  return started;
}

/** The trace of a caller of its own. */
function caller(flags: '00' | '01' = '01'): { traceId: string; spanId: string; traceparent: string } {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}

function isWithin(inner: CollectedSpan, outer: CollectedSpan): boolean {
  // Clocks in whole milliseconds on one side, in fractions on the other.
  return inner.startMs >= outer.startMs - 2 && inner.endMs <= outer.endMs + 2;
}

describe('with a collector', () => {
  it('shows request, wait, run and delivery in the trace of the caller', async () => {
    const hooks = await receiver();
    const { traceId, spanId, traceparent } = caller();
    const headers = { traceparent, 'x-request-id': 'traced-1', prefer: 'wait=30' };
    const { json } = await post(api, { ...IRIS, webhook: hooks.url() }, headers);
    const request = await spans.span(traceId, 'POST /v1/predictions');
    expect(request).toMatchObject({ service: 'millrace-api', kind: SERVER, parentSpanId: spanId, status: 0 });
    expect(request.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.response.status_code': 201,
      'millrace.request_id': 'traced-1',
      'millrace.prediction': json.id,
    });

    const wait = await spans.span(traceId, 'queue iris');
    const run = await spans.span(traceId, 'infer iris');
    const delivery = await spans.span(traceId, 'deliver webhook');
    expect(wait).toMatchObject({ service: 'millrace-worker', kind: CONSUMER, parentSpanId: request.spanId });
    expect(run).toMatchObject({ service: 'millrace-worker', parentSpanId: request.spanId, status: 0 });
    expect(run.attributes).toMatchObject({ 'millrace.version': '1.0.0', 'millrace.outcome': 'succeeded' });
    expect(run.attributes).toHaveProperty('millrace.run_ms');
    expect(delivery).toMatchObject({ service: 'millrace-courier', kind: CLIENT, parentSpanId: request.spanId });
    expect(delivery.attributes).toMatchObject({ 'http.response.status_code': 204 });
    // The caller waited, so wait and run lie inside its request, one behind the other.
    expect(isWithin(wait, request)).toBe(true);
    expect(isWithin(run, request)).toBe(true);
    expect(run.startMs).toBeGreaterThanOrEqual(wait.endMs - 2);
    expect(delivery.startMs).toBeGreaterThanOrEqual(run.startMs);

    // What the receiver does is a part of the delivery.
    const { headers: received } = await hooks.hook(`${json.id}-completed`);
    expect(received['traceparent']).toBe(`00-${traceId}-${delivery.spanId}-01`);
    expect(spans.spans.filter((span) => span.traceId === traceId)).toHaveLength(4);
    const [sent] = spans.requests;
    expect(sent?.path).toBe('/v1/traces');
    expect(sent?.headers).toMatchObject({ 'x-tenant': 'a b', 'content-type': 'application/json' });
    expect(sent?.text).toContain('deployment.environment.name');
  });

  it('begins a trace where the caller has none, and keeps to a caller that does not sample', async () => {
    const silent = caller('00');
    await post(api, IRIS, { traceparent: silent.traceparent, prefer: 'wait=30' });
    const { json } = await post(api, IRIS, { prefer: 'wait=30', 'x-request-id': 'traced-2' });
    const first = await until(
      () => spans.spans.find(({ attributes }) => attributes['millrace.request_id'] === 'traced-2'),
      { deadlineMs: 20_000, what: 'the span of the request' },
    );
    expect(first).toMatchObject({ parentSpanId: '', attributes: { 'millrace.prediction': json.id } });
    await spans.span(first.traceId, 'infer iris');
    expect(spans.spans.filter(({ traceId }) => traceId === silent.traceId)).toEqual([]);
  });

  it('marks what went wrong: a refused delivery with its status', async () => {
    const hooks = await receiver();
    hooks.answering = (_, response) => void response.writeHead(500).end();
    const { traceId, traceparent } = caller();
    await post(api, { ...IRIS, webhook: hooks.url() }, { traceparent });
    const delivery = await spans.span(traceId, 'deliver webhook');
    expect(delivery).toMatchObject({ status: ERROR, attributes: { 'error.type': '500', 'millrace.attempt': 1 } });
  });

  it('loses spans and nothing else when the collector is away, and says so in a line', async () => {
    const away = `http://127.0.0.1:${await freePort()}`;
    const lonely = await fleetOfTest({ OTEL_EXPORTER_OTLP_ENDPOINT: away }).api();
    expect((await post(lonely, IRIS)).status).toBe(201);
    const line = await lonely.line({ msg: 'spans could not be sent' });
    expect(line).toMatchObject({ level: 'warn', category: 'dependency', code: 'ECONNREFUSED' });
    expect((await lonely.stop()).code).toBe(0);
  });
});

describe('without a collector', () => {
  it.each([
    ['nothing is set', {}, 0],
    ['it is switched off', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' }, 0],
    // The same question, to a process that does trace: the count means something.
    ['it is on', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }, 1],
  ])('counts what is loaded of the SDK where %s', async (_, settings: Settings, least) => {
    const one = await fleetOfTest({ ...settings, NODE_OPTIONS: COUNTING }).api();
    await one.stop();
    const { files } = await one.line({ msg: 'loaded' });
    if (least === 0) expect(files).toBe(0);
    else expect(files).toBeGreaterThan(least);
  });
});

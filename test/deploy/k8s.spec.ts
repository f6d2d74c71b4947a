/**
 * deploy/k8s against the schemas of Kubernetes and KEDA, and against what it starts: settings, ports, probes, and the
 * figure that workers scale by. That the overlays can be built is checked by `npm run check:deploy`.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot, readSettings, SETTING_NAMES } from '#config/settings';
import { findMonitoringTools } from '#process/monitoring-tools';
import type { FleetProcess } from '#testing/fleet';
import { call } from '#testing/http';
import { until } from '#testing/patience';
import { IRIS, post } from '#testing/predictions';
import { fleetFor, fleetOfTest } from '../stage.js';
import { imageOf } from './dockerfile.js';
import { type Container, OBJECTS, podOf, sharedSettings, specOf, unknownFields } from './k8s-objects.js';

const PROCESSES = ['api', 'courier', 'worker'] as const;
const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const;

const containerOf = (name: string): Container => podOf(name).containers[0];
const imageFor = (name: string): ReturnType<typeof imageOf> =>
  imageOf(containerOf(name).image.replace('millrace-', ''));

describe.each(OBJECTS.map((one) => [`${one.kind} ${one.metadata.name}`, one] as const))('%s', (_, object) => {
  it('has the fields that its schema knows, of their types', async () => {
    expect(await unknownFields(object)).toEqual([]);
  });
});

it('a field that no schema knows is found', async () => {
  const wrong = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'x' },
    spec: { ports: [{ port: 1, prot: 'TCP' }] },
  };
  expect(await unknownFields(wrong)).toEqual(['/spec/ports/0/prot']);
});

describe.each(PROCESSES)('%s', (name) => {
  const container = containerOf(name);
  const image = imageFor(name);
  const own = Object.fromEntries((container.env ?? []).map((one) => [one.name, one.value]));
  const given: Readonly<Record<string, string>> = { ...image.env, ...sharedSettings(), ...own };
  const settings = readSettings(Object.fromEntries(Object.entries(given).filter(([one]) => !one.endsWith('_FILE'))));

  it('is given settings that exist, and that it accepts', () => {
    const known = new Set<string>([...SETTING_NAMES, ...SETTING_NAMES.map((one) => `${one}_FILE`)]);
    const notOurs = ['NODE_ENV', 'ORT_DISABLE_TELEMETRY'];
    expect(Object.keys(given).filter((one) => !known.has(one) && !notOurs.includes(one))).toEqual([]);
    expect(settings).toMatchObject({ APP_ENV: 'production', AUTH: 'on', OPS_HOST: '0.0.0.0' });
  });

  it('is asked at ports that it opens', () => {
    const ports = Object.fromEntries(container.ports.map((port) => [port.name, port.containerPort]));
    expect(ports).toEqual({ ops: settings.OPS_PORT, ...(name === 'api' ? { http: settings.PORT } : {}) });
    for (const probe of PROBES) expect(Object.keys(ports)).toContain(container[probe].httpGet.port);
  });

  it('is given longer to stop than it takes', () => {
    const pause = /setTimeout\(.*, ([\d_]+)\)/.exec(container.lifecycle?.preStop.exec.command.at(-1) ?? '')?.[1] ?? '0';
    const needs = settings.SHUTDOWN_SECONDS + Number(pause.replaceAll('_', '')) / 1_000;
    expect(podOf(name).terminationGracePeriodSeconds).toBeGreaterThan(needs);
  });

  it('starts a file of the build', () => {
    expect(existsSync(path.join(projectRoot(), (container.args ?? image.command)[0]!))).toBe(true);
  });

  it('runs as a user, with a read-only root, without a right or a token', () => {
    expect(podOf(name)).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(container).toMatchObject({
      resources: { limits: { memory: expect.any(String) as string, cpu: expect.any(String) as string } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    });
  });

  it('may lose one pod at a time', () => {
    expect(specOf('PodDisruptionBudget', name)).toMatchObject({ maxUnavailable: 1 });
  });
});

describe('network policies', () => {
  interface Policy {
    readonly podSelector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly egress?: readonly { readonly to?: readonly { readonly ipBlock?: { readonly cidr: string } }[] }[];
    readonly policyTypes: readonly string[];
  }
  const policies = OBJECTS.filter(({ kind }) => kind === 'NetworkPolicy');

  it('begin with nothing', () => {
    expect(specOf('NetworkPolicy', 'nothing')).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  it('let the courier alone reach the outside', () => {
    const out = policies.filter(({ spec }) =>
      ((spec as Policy).egress ?? []).some(({ to = [{}] }) => to.some(({ ipBlock }) => ipBlock?.cidr === '0.0.0.0/0')),
    );
    expect(out.map(({ spec }) => (spec as Policy).podSelector.matchLabels)).toEqual([
      { 'app.kubernetes.io/name': 'courier' },
    ]);
  });
});

describe('probes', () => {
  const fleet = fleetFor('file');
  const processes: Record<string, FleetProcess> = {};

  beforeAll(async () => {
    const { api, worker } = await fleet.pair();
    Object.assign(processes, { api, worker, courier: await fleet.courier() });
  });

  it.each(PROCESSES)('of %s are answered by the process that is ready', async (name) => {
    for (const probe of PROBES) {
      const { path: route, port } = containerOf(name)[probe].httpGet;
      const base = port === 'http' ? processes[name]!.url : processes[name]!.opsUrl;
      expect([probe, (await call('GET', base + route)).status]).toEqual([probe, 200]);
    }
  });
});

describe('the workers scale by a query', () => {
  interface Scaled {
    readonly minReplicaCount: number;
    readonly triggers: readonly [
      { readonly metadata: { readonly query: string; readonly activationThreshold: string } },
    ];
  }
  const { minReplicaCount, triggers } = specOf('ScaledObject', 'worker') as Scaled;
  const { query, activationThreshold } = triggers[0].metadata;
  const names = [...new Set(query.match(/millrace_\w+/g))];

  it('of what the API says while no worker lives', async () => {
    expect([minReplicaCount, activationThreshold]).toEqual([0, '0']);
    const api = await fleetOfTest().api();
    expect((await post(api, IRIS)).status).toBe(201);
    const metrics = await until(
      async () => {
        const { text } = await call('GET', `${api.opsUrl}/metrics`);
        const counted = /^millrace_queue_predictions\{(?=.*model="iris")(?=.*state="waiting").*\} 1$/m.test(text);
        return counted && text;
      },
      { deadlineMs: 20_000, what: 'the waiting prediction to be counted' },
    );
    for (const name of names) expect(metrics).toContain(`# TYPE ${name} gauge`);
    // Why the query does not end with the seconds of work.
    expect(metrics).not.toMatch(/^millrace_queue_work_seconds\{.*model="iris"/m);
  });

  it('that wakes a fleet that sleeps, counts two APIs once, and is zero when nothing waits', async () => {
    const predictions = 'millrace_queue_predictions{model="iris",priority="normal",state="waiting",instance=';
    const work = 'millrace_queue_work_seconds{model="iris",instance=';
    const cases = [
      { series: { [`${predictions}"a:1"}`]: 500, [`${predictions}"b:1"}`]: 500 }, value: 0.5 },
      { series: { [`${work}"a:1"}`]: 120, [`${work}"b:1"}`]: 120, [`${predictions}"a:1"}`]: 9_000 }, value: 120 },
      { series: { [`${predictions}"a:1"}`]: 0 }, value: 0 },
    ];
    expect(await promtool(query, cases)).toMatch(/SUCCESS/);
  });
});

interface Case {
  readonly series: Readonly<Record<string, number>>;
  readonly value: number;
}

/** What promtool says of the query over these series. */
async function promtool(query: string, cases: readonly Case[]): Promise<string> {
  const tools = await findMonitoringTools(path.join(projectRoot(), '.millrace', 'prometheus'), () => undefined);
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-promtool-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const tests = cases.map(({ series, value }) => ({
    interval: '1m',
    input_series: Object.entries(series).map(([one, of]) => ({ series: one, values: `${of}x5` })),
    promql_expr_test: [{ expr: query, eval_time: '3m', exp_samples: [{ labels: '{}', value }] }],
  }));
  const file = path.join(folder, 'scaling.yml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ rule_files: [], evaluation_interval: '1m', tests }));
  const { stdout, stderr } = await promisify(execFile)(tools.promtool, ['test', 'rules', file]);
  return stdout + stderr;
}

/**
 * docker-compose.yml against what it starts: every setting is one, every port and path is really served, every health
 * check tells a living process from a dead one. Its schema is checked by `npm run check:deploy`.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectRoot, readSettings, SETTING_NAMES } from '#config/settings';
import { freePort } from '#testing/redis-server';
import { fleetFor } from '../stage.js';
import { composeFile } from './compose-file.js';
import { imageOf } from './dockerfile.js';

const run = promisify(execFile);
const { services, networks, volumes } = composeFile();
const dev = composeFile('docker-compose.dev.yml');
/** Those of our images that stay; the others end by themselves. */
const PROCESSES = ['api', 'courier', 'worker'] as const;
const ONE_SHOT = ['init', 'smoke'];
const staying = Object.entries(services).filter(([name]) => !ONE_SHOT.includes(name));

/** What init makes is not here. */
const withoutFiles = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.endsWith('_FILE')));

const imageFor = (name: string): ReturnType<typeof imageOf> =>
  imageOf(services[name]!.build!.dockerfile.replace('Dockerfile.', ''));

describe('every service', () => {
  it.each(Object.entries(services))('%s has limits, a read-only root and no right beyond its own', (_, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(service.mem_limit).toBeDefined();
    expect(service.pids_limit).toBeGreaterThan(0);
  });

  it.each(staying)('%s restarts, is asked for its health, and is pinned', (_, service) => {
    expect(service.restart).toBe('unless-stopped');
    expect(service.healthcheck?.test?.length).toBeGreaterThan(1);
    expect(service.image).toMatch(/:v?\d+\.\d+\.\d+/);
  });

  it.each(Object.entries(services))('%s publishes on this machine only', (_, { ports = [] }) => {
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('mounts volumes and files that are there', () => {
    for (const { volumes: mounts = [] } of Object.values(services)) {
      for (const [source = ''] of mounts.map((mount) => mount.split(':'))) {
        if (source.startsWith('./'))
          expect([source, existsSync(path.join(projectRoot(), source))]).toEqual([source, true]);
        else expect(Object.keys(volumes)).toContain(source);
      }
    }
  });
});

describe('secrets', () => {
  it('stand in files, each in the volume of the one who reads it', () => {
    const secretVolumes = (name: string): string[] =>
      (services[name]!.volumes ?? []).map((mount) => mount.split(':')[0]!).filter((one) => one.endsWith('-secrets'));
    expect(Object.fromEntries(staying.map(([name]) => [name, secretVolumes(name)]))).toEqual({
      redis: ['redis-secrets'],
      api: ['fleet-secrets', 'api-secrets'],
      courier: ['fleet-secrets'],
      worker: ['fleet-secrets'],
      prometheus: [],
      alertmanager: ['alertmanager-secrets'],
      grafana: ['grafana-secrets'],
    });
  });

  it('are made before anybody reads them', () => {
    for (const name of [...PROCESSES, 'redis', 'grafana']) {
      expect(services[name]!.depends_on!['init']).toEqual({ condition: 'service_completed_successfully' });
    }
  });

  it('are in no environment', () => {
    const values = Object.values(services).flatMap(({ environment = {} }) => Object.entries(environment));
    const open = values.filter(([name]) => /PASSWORD|SECRET|KEY|TOKEN|_URL/.test(name) && !name.endsWith('_FILE'));
    expect(open).toEqual([]);
  });
});

/** A process is given texts, whatever YAML makes of them. */
function asTexts(environment: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]));
}

describe.each(PROCESSES)('%s', (name) => {
  const service = services[name]!;
  const image = imageFor(name);
  const given = asTexts({ ...image.env, ...service.environment });

  it('is given settings that exist, and that it accepts', () => {
    const known = new Set<string>([...SETTING_NAMES, ...SETTING_NAMES.map((one) => `${one}_FILE`)]);
    const notOurs = ['NODE_ENV', 'ORT_DISABLE_TELEMETRY'];
    expect(Object.keys(given).filter((one) => !known.has(one) && !notOurs.includes(one))).toEqual([]);
    expect(readSettings(withoutFiles(given))).toMatchObject({ APP_ENV: 'production', AUTH: 'on', OPS_HOST: '0.0.0.0' });
  });

  it('is given settings for development that it accepts', () => {
    expect(readSettings(withoutFiles(asTexts({ ...given, ...dev.services[name]!.environment })))).toMatchObject({
      APP_ENV: 'local',
      AUTH: 'on',
    });
  });

  it('is given longer to stop than it takes', () => {
    const grace = Number(/^(\d+)s$/.exec(service.stop_grace_period!)?.[1]);
    expect(grace).toBeGreaterThan(readSettings(withoutFiles(given)).SHUTDOWN_SECONDS);
  });

  it('starts a file of the build, without a shell, as a user', () => {
    expect(image.entrypoint[0]).toBe('node');
    expect(image.user).toBe('node');
    const [file = ''] = service.command ?? image.command;
    expect(existsSync(path.join(projectRoot(), file))).toBe(true);
  });

  it('publishes the port that it listens on, and never the operations port', () => {
    const targets = (service.ports ?? []).map((port) => port.split(':').at(-1));
    expect(targets).toEqual(name === 'api' ? [image.env['PORT']] : []);
  });
});

describe('networks', () => {
  const of = (name: string): readonly string[] => services[name]!.networks ?? [];

  it('let the worker and Redis reach nothing outside', () => {
    for (const name of ['worker', 'redis']) {
      expect(of(name).filter((network) => networks[network]?.internal !== true)).toEqual([]);
    }
  });

  it('let the courier out alone', () => {
    const outside = of('courier').filter((network) => networks[network]?.internal !== true);
    expect(outside).toEqual(['outside']);
    expect(Object.keys(services).filter((name) => of(name).includes('outside'))).toEqual(['courier']);
  });

  it('let Prometheus find every process by the name and port of its configuration', () => {
    interface Job {
      readonly dns_sd_configs: readonly { readonly names: readonly string[]; readonly port: number }[];
    }
    const file = path.join(projectRoot(), 'deploy/prometheus/prometheus.yml');
    const { scrape_configs: jobs } = parse(readFileSync(file, 'utf8')) as { scrape_configs: readonly Job[] };
    const targets = jobs.flatMap(({ dns_sd_configs: found }) => found);
    expect(targets.flatMap(({ names }) => names).toSorted()).toEqual(PROCESSES.toSorted());
    for (const { names, port } of targets) {
      const [name = ''] = names;
      expect(String(port)).toBe(imageFor(name).env['OPS_PORT']);
      expect(of(name)).toContain('ops');
    }
    expect(of('prometheus')).toContain('ops');
  });
});

describe('a health check', () => {
  const fleet = fleetFor('file');
  const ports: Record<string, string> = {};

  beforeAll(async () => {
    const { api, worker } = await fleet.pair();
    const courier = await fleet.courier();
    for (const one of [api, worker, courier]) ports[one.app] = new URL(one.opsUrl).port;
  });

  const ask = async (test: readonly string[], port: string): Promise<unknown> => {
    const [, ...words] = test[0] === 'CMD' ? test : ['CMD', ...test];
    const env = { PATH: process.env['PATH'], OPS_PORT: port };
    return run(process.execPath, words.slice(1), { env }).then(
      () => 'healthy',
      (error: unknown) => (error as { code?: unknown }).code,
    );
  };

  it.each(PROCESSES)('of %s says that it lives, in the compose file and in the image', async (name) => {
    expect(await ask(services[name]!.healthcheck!.test!, ports[name]!)).toBe('healthy');
    expect(await ask(imageFor(name).healthCheck, ports[name]!)).toBe('healthy');
  });

  it.each(PROCESSES)('of %s says that nobody answers', async (name) => {
    expect(await ask(services[name]!.healthcheck!.test!, String(await freePort()))).toBe(1);
  });
});

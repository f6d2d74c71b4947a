import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  executorEnvironment,
  projectRoot,
  readSettings,
  requireRedis,
  SETTING_NAMES,
  SettingsError,
} from './settings.js';

describe('without any setting', () => {
  it('is a fleet on this machine that nobody else reaches', () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({
      APP_ENV: 'local',
      HOST: '127.0.0.1',
      OPS_HOST: '127.0.0.1',
      PORT: 3000,
      OPS_PORT: 0,
      EXECUTORS: 1,
      MAX_QUEUE_DEPTH: 2_000_000,
      RESULT_TTL_SECONDS: 3_600,
      REDIS_PREFIX: 'millrace',
      CORS_ORIGINS: [],
    });
    expect(settings.REDIS_URL).toBeUndefined();
    expect(() => requireRedis(settings)).toThrow(/^Setting REDIS_URL: is missing/);
  });

  it('has folders below the project, whatever the working directory', () => {
    expect(readSettings({}).MODELS_DIR).toBe(path.join(projectRoot(), 'models'));
    expect(readSettings({ DATA_DIR: '/var/lib/millrace' }).DATA_DIR).toBe('/var/lib/millrace');
    expect(existsSync(path.join(projectRoot(), 'package.json'))).toBe(true);
  });
});

it('is frozen', () => {
  const settings = readSettings({}) as { PORT: number };
  expect(() => (settings.PORT = 1)).toThrow(TypeError);
});

it('takes an empty variable for an unset one, as compose files leave things out', () => {
  expect(readSettings({ PORT: '', REDIS_URL: '', EXECUTORS: '' })).toEqual(readSettings({}));
});

it('reads numbers, lists and truth from text', () => {
  const settings = readSettings({ PORT: '8080', WORKER_MODELS: 'iris, digits,', INSECURE_BIND: 'true' });
  expect(settings).toMatchObject({ PORT: 8080, WORKER_MODELS: ['iris', 'digits'], INSECURE_BIND: true });
});

describe('a wrong setting stops the start with one line that names it', () => {
  it.each([
    ['PORT', '70000'],
    ['PORT', 'http'],
    ['PORT', '1.5'],
    ['EXECUTORS', '0'],
    ['EXECUTORS', '-1'],
    ['REDIS_URL', 'localhost:6379'],
    ['REDIS_PREFIX', 'Mill race'],
    ['REDIS_MEMORY_MARK', '1.5'],
    ['REDIS_MEMORY_MARK', '0'],
    ['RESULT_TTL_SECONDS', '0'],
    ['INSECURE_BIND', 'yes'],
    ['LOG_LEVEL', 'loud'],
    ['APP_ENV', 'prod'],
    ['PUBLIC_URL', 'not a url'],
    ['SHUTDOWN_SECONDS', 'soon'],
    ['CORS_ORIGINS', 'example.com'],
    ['CORS_ORIGINS', 'https://example.com/'],
    ['CORS_ORIGINS', 'https://example.com, *'],
  ])('%s=%s', (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(SettingsError);
    expect(() => readSettings({ [name]: value })).toThrow(new RegExp(`^Setting ${name}: [^\\n]+$`));
  });

  it.each([
    ['PORT', 'many', 'must be a whole number from 0 to 65535, not "many"'],
    ['WORKERS', 'two', 'must be a whole number from 0 to 64, not "two"'],
    ['RESULT_TTL_SECONDS', '1h', 'must be a whole number of seconds from 1 to 31536000, not "1h"'],
    ['BATCH_LIMIT_BYTES', '2GB', 'must be a whole number of bytes from 1024 to 1099511627776, not "2GB"'],
    ['MAX_QUEUE_DEPTH', '0', 'must be a whole number from 1 upwards, not "0"'],
    ['REDIS_MEMORY_MARK', '80%', 'must be a number above 0, at most 1, not "80%"'],
    ['SLOW_SECONDS', '  ', 'must be a number of seconds above 0, not "  "'],
    ['PORT', 'mr_live_0123456789', 'must be a whole number from 0 to 65535, not "mr_live_0123..."'],
  ])('that says what a number must be and what was given: %s=%s', (name, value, rule) => {
    expect(() => readSettings({ [name]: value })).toThrow(`Setting ${name}: ${rule}`);
  });

  it('and takes origins as browsers write them', () => {
    const given = 'https://app.example.com, http://localhost:5173';
    expect(readSettings({ CORS_ORIGINS: given }).CORS_ORIGINS).toEqual(given.split(', '));
    expect(() => readSettings({ CORS_ORIGINS: `${given},example.com` })).toThrow(/https:.*"example\.com" is not one/);
  });

  it('and never repeats what may be a secret', () => {
    const secret = 'sekret-4711';
    const attempt = (): unknown => readSettings({ REDIS_URL: `http://:${secret}@host` });
    expect(attempt).toThrow(SettingsError);
    expect(attempt).not.toThrow(secret);
  });
});

// Without keys everybody who reaches the API may use it.
describe("keys are off on a machine of one's own, and nowhere else", () => {
  it.each(['127.0.0.1', '::1', 'localhost'])('on %s they are off unless asked for', (HOST) => {
    expect(readSettings({ HOST }).AUTH).toBe('off');
    expect(readSettings({ HOST, AUTH: 'on' }).AUTH).toBe('on');
  });

  it.each([
    { HOST: '0.0.0.0' },
    { HOST: '192.168.1.7' },
    { HOST: '::' },
    { APP_ENV: 'staging' },
    { APP_ENV: 'production' },
  ])('%j has them on, and cannot have them off', (env) => {
    expect(readSettings(env).AUTH).toBe('on');
    const withoutKeys = (): unknown => readSettings({ ...env, AUTH: 'off', INSECURE_BIND: 'true' });
    expect(withoutKeys).toThrow(/^Setting AUTH: off would open the API to/);
  });

  it('the operations port, whose metrics ask for no key, stays on loopback unless its network is said to be its own', () => {
    const open = { OPS_HOST: '0.0.0.0', AUTH: 'on' };
    expect(() => readSettings(open)).toThrow(/^Setting OPS_HOST: must be a loopback address/);
    expect(readSettings({ ...open, INSECURE_BIND: 'true' })).toMatchObject(open);
  });
});

describe('a secret in a file', () => {
  it('is read from there, without the line end that editors add', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'millrace-secret-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(path.join(folder, 'url'), 'redis://:pw@host:6379\n');
    const settings = readSettings({ REDIS_URL_FILE: path.join(folder, 'url') });
    expect(requireRedis(settings)).toBe('redis://:pw@host:6379');
  });

  it('that cannot be read stops the start', () => {
    expect(() => readSettings({ REDIS_URL_FILE: '/nowhere/url' })).toThrow(
      'Setting REDIS_URL_FILE: the file cannot be read',
    );
  });
});

it('gives executors what a program needs to run, and nothing that it is told', () => {
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const name of SETTING_NAMES) vi.stubEnv(name, 'x');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
  vi.stubEnv('NODE_OPTIONS', '--inspect');
  const given = Object.keys(executorEnvironment());
  expect(given).toContain('PATH');
  expect(['PATH', 'TZ', 'LANG', 'LC_ALL', 'ORT_DISABLE_TELEMETRY']).toEqual(expect.arrayContaining(given));
});

it('.env.example lists every setting, and no other', () => {
  const text = readFileSync(path.join(projectRoot(), '.env.example'), 'utf8');
  const listed = [...text.matchAll(/^#?\s?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
  expect(listed.filter((name) => !name?.endsWith('_FILE')).sort()).toEqual([...SETTING_NAMES].sort());
});

describe('lists of OpenTelemetry', () => {
  it('are read as name=value pairs, percent-encoded', () => {
    const text = 'authorization=Bearer%20a%3Db, x-tenant = shop';
    expect(readSettings({ OTEL_EXPORTER_OTLP_HEADERS: text }).OTEL_EXPORTER_OTLP_HEADERS).toEqual({
      authorization: 'Bearer a=b',
      'x-tenant': 'shop',
    });
  });

  it.each(['secret', '=secret', 'a=%zz-secret', 'a=b,secret'])('are refused without repeating them: %s', (text) => {
    const read = (): unknown => readSettings({ OTEL_EXPORTER_OTLP_HEADERS: text });
    expect(read).toThrow(/^Setting OTEL_EXPORTER_OTLP_HEADERS: must be name=value pairs/);
    expect(read).not.toThrow(/secret/);
  });
});

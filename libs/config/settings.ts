/**
 * Settings: environment only, typed, checked at start, frozen. Nothing else in the code reads `process.env`.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { parseRedisAddress, REDIS_URL_RULE } from './redis-address.js';

/** What was given is repeated: a number is no secret. Cut off, lest a secret in the wrong place is shown whole. */
const number = (rule: string, fits: (value: number) => boolean) =>
  z.string().transform((text, context) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value) && fits(value)) return value;
    context.addIssue(`must be ${rule}, not "${text.length > 12 ? `${text.slice(0, 12)}...` : text}"`);
    return z.NEVER;
  });
const count = (least: number, most: number, unit?: 'seconds' | 'bytes') =>
  number(
    `a whole number ${unit === undefined ? '' : `of ${unit} `}from ${least} ${most === Number.MAX_SAFE_INTEGER ? 'upwards' : `to ${most}`}`,
    (value) => Number.isSafeInteger(value) && value >= least && value <= most,
  );
const port = count(0, 65_535);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

/** As browsers send them in `Origin`; what is written in another way never equals one. */
const origins = list.superRefine((items, context) => {
  const wrong = items.find((item) => !URL.canParse(item) || new URL(item).origin !== item);
  if (wrong === undefined) return;
  context.addIssue(
    `must be origins (scheme and host, no path), such as https://app.example.com; "${wrong}" is not one`,
  );
});

/** `name=value,name=value`, percent-encoded, as OpenTelemetry writes lists. */
const pairs = z.string().transform((text, context) => {
  const found: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const [, name = '', value = ''] = /^\s*([^=\s]+)\s*=(.*)$/.exec(pair) ?? [];
    try {
      found[name] = decodeURIComponent(value.trim());
    } catch {
      context.addIssue('must be name=value pairs, separated by commas and percent-encoded');
    }
    if (name === '') context.addIssue('must be name=value pairs, separated by commas and percent-encoded');
  }
  return found;
});

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** One line a setting: type, default, unit. `.env.example` says the same in words; a test compares the two. */
const schema = z
  .object({
    APP_ENV: z.enum(['local', 'staging', 'production']).default('local'),
    HOST: z.string().min(1).default('127.0.0.1'),
    PORT: port.default(3000),
    OPS_HOST: z.string().min(1).default('127.0.0.1'),
    OPS_PORT: port.default(0),
    PUBLIC_URL: z.url().optional(),
    AUTH: z.enum(['on', 'off']).optional(),
    INSECURE_BIND: flag.default(false),
    BOOTSTRAP_KEY: z.string().min(1).optional(),
    MILLRACE_API_KEY: z.string().min(1).optional(),
    REDIS_URL: z
      .string()
      .refine((text) => parseRedisAddress(text) !== null, REDIS_URL_RULE)
      .optional(),
    REDIS_PREFIX: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,30}$/)
      .default('millrace'),
    REDIS_MEMORY_MARK: number('a number above 0, at most 1', (value) => value > 0 && value <= 1).default(0.8),
    MODELS_DIR: z.string().min(1).default('models'),
    DATA_DIR: z.string().min(1).default('.millrace'),
    WORKERS: count(0, 64).default(1),
    EXECUTORS: count(1, 64).default(1),
    EXECUTOR_THREADS: count(1, 64).default(1),
    EXECUTOR_START_SECONDS: count(1, 86_400, 'seconds').default(120),
    WORKER_MODELS: list.optional(),
    MAX_QUEUE_DEPTH: count(1, Number.MAX_SAFE_INTEGER).default(2_000_000),
    RESULT_TTL_SECONDS: count(1, 31_536_000, 'seconds').default(3_600),
    BATCH_MAX_ROWS: count(1, 10_000_000).default(1_000_000),
    BATCH_LIMIT_BYTES: count(1_024, 1_099_511_627_776, 'bytes').default(2_147_483_648),
    FILE_LIMIT_BYTES: count(1_024, 1_073_741_824, 'bytes').default(67_108_864),
    FILE_TTL_SECONDS: count(1, 31_536_000, 'seconds').default(86_400),
    UPLOAD_STALL_SECONDS: count(1, 3_600, 'seconds').default(30),
    BODY_LIMIT_BYTES: count(1_024, 1_073_741_824, 'bytes').default(1_048_576),
    SHUTDOWN_SECONDS: count(1, 3_600, 'seconds').default(20),
    DRAIN_SECONDS: count(0, 600, 'seconds').default(0),
    SLOW_SECONDS: number('a number of seconds above 0', (value) => value > 0).default(1),
    WEBHOOK_ALLOW_PRIVATE: flag.default(false),
    CORS_ORIGINS: origins.default([]),
    BUILD_COMMIT: z
      .string()
      .regex(/^([0-9a-f]{7,40}|unknown)$/)
      .default('unknown'),
    OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
    OTEL_EXPORTER_OTLP_HEADERS: pairs.default({}),
    OTEL_SERVICE_NAME: z.string().min(1).optional(),
    OTEL_RESOURCE_ATTRIBUTES: pairs.default({}),
    OTEL_TRACES_SAMPLER: z.enum(SAMPLERS).default('parentbased_always_on'),
    OTEL_TRACES_SAMPLER_ARG: number('a number from 0 to 1', (value) => value >= 0 && value <= 1).default(1),
    OTEL_SDK_DISABLED: flag.default(false),
    METRICS: z.enum(['on', 'off']).default('on'),
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  })
  .check((context) => {
    const { AUTH: auth, APP_ENV: env, HOST: host, OPS_HOST: opsHost, INSECURE_BIND: insecure } = context.value;
    const complain = (name: string, message: string): void => {
      context.issues.push({ code: 'custom', path: [name], message, input: context.value });
    };
    if (auth === 'off' && env !== 'local')
      complain('AUTH', `off would open the API to everybody: allowed only with APP_ENV=local`);
    if (auth === 'off' && !LOOPBACK.has(host)) {
      complain('AUTH', 'off would open the API to the network: allowed only while HOST is a loopback address');
    }
    if (context.value.WEBHOOK_ALLOW_PRIVATE && env !== 'local') {
      complain(
        'WEBHOOK_ALLOW_PRIVATE',
        'true would let clients call into this network: allowed only with APP_ENV=local',
      );
    }
    if (!LOOPBACK.has(opsHost) && !insecure) {
      complain('OPS_HOST', 'must be a loopback address (INSECURE_BIND=true overrides, in a network of its own)');
    }
  });

export type Settings = Readonly<
  Omit<z.infer<typeof schema>, 'REDIS_URL' | 'AUTH'> & {
    /** Set in every process of a fleet; only the launcher may start without it and find a Redis. */
    REDIS_URL: string | undefined;
    AUTH: 'on' | 'off';
  }
>;
export type SettingName = keyof Settings;

/** Names of every setting, for `.env.example` and its test. */
export const SETTING_NAMES = Object.keys(schema.shape) as SettingName[];

/** Secrets that may stand in a file: `REDIS_URL_FILE=/run/secrets/redis-url`. */
const FROM_FILE: readonly SettingName[] = [
  'REDIS_URL',
  'BOOTSTRAP_KEY',
  'MILLRACE_API_KEY',
  'OTEL_EXPORTER_OTLP_HEADERS',
];

/** A setting is missing or wrong; the message is one line and names it, and never repeats what may be a secret. */
export class SettingsError extends Error {
  /** See `isForPeople`. */
  readonly isForPeople = true;

  constructor(message: string) {
    super(message);
    this.name = 'SettingsError';
  }
}

/**
 * @param env usually `process.env`
 * @throws SettingsError that names the first setting that is wrong
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const given: Record<string, string> = {};
  for (const name of SETTING_NAMES) {
    const value = valueOf(env, name);
    // An empty variable is an unset one: that is how compose files and shells leave things out.
    if (value !== undefined && value !== '') given[name] = value;
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SettingsError(`Setting ${issue?.path.join('.') ?? '?'}: ${issue?.message ?? 'is wrong'}`);
  }
  const settings = parsed.data;
  return Object.freeze({
    ...settings,
    REDIS_URL: settings.REDIS_URL,
    AUTH: settings.AUTH ?? defaultAuth(settings),
    MODELS_DIR: path.resolve(projectRoot(), settings.MODELS_DIR),
    DATA_DIR: path.resolve(projectRoot(), settings.DATA_DIR),
  });
}

/** Off is for a machine of one's own, and for nothing else. */
function defaultAuth({ APP_ENV: env, HOST: host }: z.infer<typeof schema>): 'on' | 'off' {
  return env === 'local' && LOOPBACK.has(host) ? 'off' : 'on';
}

/** The settings of a process that cannot do without Redis. */
export function requireRedis(settings: Settings): string {
  if (settings.REDIS_URL !== undefined) return settings.REDIS_URL;
  throw new SettingsError('Setting REDIS_URL: is missing (npm start finds or starts a Redis and sets it)');
}

function valueOf(env: Readonly<Record<string, string | undefined>>, name: SettingName): string | undefined {
  const file = FROM_FILE.includes(name) ? env[`${name}_FILE`] : undefined;
  if (file === undefined || file === '') return env[name];
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new SettingsError(`Setting ${name}_FILE: the file cannot be read`);
  }
}

/** The folder of package.json, from source and from dist alike; relative folders start here. */
export function projectRoot(): string {
  let directory = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(directory, 'package.json')) && path.dirname(directory) !== directory) {
    directory = path.dirname(directory);
  }
  return directory;
}

/**
 * The environment of a process that runs models: what a program needs to run at all, no setting, no credential, and
 * ONNX Runtime's reports to its maker switched off.
 */
export function executorEnvironment(): Record<string, string> {
  const given = ['PATH', 'TZ', 'LANG', 'LC_ALL'].flatMap((name): [string, string][] => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(given), ORT_DISABLE_TELEMETRY: '1' };
}

/** This process's own environment: the one place that reads it. */
export function readProcessSettings(): Settings {
  return readSettings(process.env);
}

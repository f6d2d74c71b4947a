/**
 * `millrace up`: a fleet on this machine, from nothing to first answers, until it is told to stop.
 *
 *   ports free -> Redis -> processes under supervision -> ready -> one answer a model -> logs, until a signal
 *
 * The way back is the same in reverse: the apps drain while Redis still runs, then Redis ends.
 */
import path from 'node:path';
import { projectRoot, type Settings } from '#config/settings';
import { findOrStartRedis } from '#process/redis-server';
import { CliError } from './cli-error.js';
import { mustBeWritable } from './data-dir.js';
import { Fleet } from './fleet.js';
import { addressesMustBeFree, baseUrl } from './own-address.js';
import { onStopSignals } from './stop-signals.js';
import { sourceCommit } from './source-commit.js';
import { Terminal } from './terminal.js';
import { untilReady } from './until-ready.js';
import { onRebuild } from './watch-build.js';
import { welcome } from './welcome.js';

export interface UpOptions {
  /** Restart the processes whenever `npm run dev` has built, and outlive those that refuse to start. */
  readonly watch: boolean;
}

/** An app's own deadline comes first; this much later it is killed. */
const STOP_MARGIN_MS = 3_000;

/** @throws CliError when the fleet cannot start as things are */
export async function up(settings: Settings, environment: NodeJS.ProcessEnv, options: UpOptions): Promise<void> {
  const terminal = new Terminal();
  terminal.progress('Looking for Redis');
  const { REDIS_URL: redisUrl, DATA_DIR: dataDir } = settings;
  try {
    await mustBeWritable(dataDir);
    const redis = await findOrStartRedis({
      redisUrl,
      dataDir,
      say: terminal.say,
      restart: true,
      // Where this very fleet runs already, its data directory says so better than its port.
      beforeStart: () => addressesMustBeFree(settings),
    });
    try {
      const commit = await sourceCommit(projectRoot());
      const known = commit === null ? {} : { BUILD_COMMIT: commit };
      await runFleet(settings, { ...known, ...environment, REDIS_URL: redis.url }, options, terminal);
    } finally {
      terminal.progress('Stopping Redis');
      await redis.stop();
    }
  } finally {
    terminal.done();
  }
}

async function runFleet(
  settings: Settings,
  environment: NodeJS.ProcessEnv,
  options: UpOptions,
  terminal: Terminal,
): Promise<void> {
  const end = new AbortController();
  const keys: OwnKey = { key: settings.MILLRACE_API_KEY ?? null };
  const fleet = assemble(settings, environment, terminal, keys, (sentence) => {
    if (options.watch) terminal.say(sentence);
    else end.abort(new CliError(sentence));
  });
  const ignoreSignals = onStopSignals(
    () => {
      terminal.say('Stopping: running work is finished first (Ctrl-C again stops at once)');
      end.abort();
    },
    () => fleet.kill(),
  );
  const stopWatching = options.watch ? onRebuild(fleet, terminal.say) : () => undefined;
  try {
    await serve(settings, fleet, terminal, keys, end.signal);
  } finally {
    stopWatching();
    terminal.progress('Stopping the processes');
    await fleet.stop();
    ignoreSignals();
  }
}

/** What the launcher asks the fleet with; the first start learns it on the way. */
interface OwnKey {
  key: string | null;
}

function assemble(
  settings: Settings,
  environment: NodeJS.ProcessEnv,
  terminal: Terminal,
  own: OwnKey,
  onRefused: (sentence: string) => void,
): Fleet {
  return new Fleet(
    {
      appsDir: path.join(projectRoot(), 'dist', 'apps'),
      logDir: path.join(settings.DATA_DIR, 'logs'),
      workers: settings.WORKERS,
      environment: withoutOwnKey(environment),
      stopMs: (settings.DRAIN_SECONDS + settings.SHUTDOWN_SECONDS) * 1_000 + STOP_MARGIN_MS,
    },
    {
      onLine: (name, line) => terminal.log(name, line),
      onFirstKey: (key) => {
        own.key ??= key;
        terminal.say(`\nThe first API key of this fleet, with all rights. It is shown only this once:\n\n  ${key}\n`);
      },
      onRefused: (name, reason) => onRefused(`${name} cannot start: ${reason}`),
      onDeath: (name, how, pauseMs) => {
        const when = pauseMs === 0 ? 'starting it again' : `starting it again in ${pauseMs / 1_000} s`;
        terminal.say(`${name} died (${how}): ${when}`);
      },
    },
  );
}

/** A caller's key is no business of the processes. */
function withoutOwnKey(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['MILLRACE_API_KEY', 'MILLRACE_API_KEY_FILE'];
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)));
}

/** Returns when a signal ends it; throws the reason when a process refuses to start. */
async function serve(
  settings: Settings,
  fleet: Fleet,
  terminal: Terminal,
  own: OwnKey,
  signal: AbortSignal,
): Promise<void> {
  const apiUrl = (): string => fleet.address('api')?.url ?? baseUrl(settings.HOST, settings.PORT);
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  terminal.progress('Starting the fleet');
  await fleet.start();
  try {
    const lacking = await untilReady(fleet, apiUrl, (state) => terminal.progress(`Starting: ${state}`), signal);
    for (const line of lacking) terminal.say(`Something is not well: ${line}`);
    await Promise.race([welcome(settings, fleet, { url: apiUrl(), key: own.key }, terminal), ended]);
    terminal.showLogs();
    await ended;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (signal.reason instanceof CliError) throw signal.reason;
}

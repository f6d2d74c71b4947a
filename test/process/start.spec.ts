import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '#config/settings';

interface Ended {
  readonly code: number | null;
  /** Log lines. */
  readonly lines: { msg: string; level: string }[];
  /** What the launcher was told. */
  readonly told: unknown[];
}

/** A process that begins and ends as ours do; `main` is the body of its main function. */
function start(main: string): { child: ChildProcess; listening: Promise<unknown>; ended: Promise<Ended> } {
  const code = `
    import { startProcess, StartRefusedError } from '#process/start';
    import { tellLauncher } from '#process/launch-channel';
    import { createLogger } from '#telemetry/logger';
    // Something to live for, as a server is.
    setInterval(() => undefined, 60_000);
    const running = async (shutdownSeconds, stop) => {
      setImmediate(() => tellLauncher({ kind: 'listening', opsUrl: 'x' }));
      return { shutdownSeconds, stop };
    };
    await startProcess(await createLogger({ app: 'test', level: 'info' }), async (refuse) => { ${main} });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: projectRoot(),
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const told: unknown[] = [];
  child.on('message', (message) => told.push(message));
  // Empty where a test takes the reader away.
  const output = text(child.stdout!).catch(() => '');
  const ended = once(child, 'exit').then(async ([code]): Promise<Ended> => {
    const lines = (await output).split('\n').filter((line) => line !== '');
    return { code: code as number | null, lines: lines.map((line) => JSON.parse(line) as Ended['lines'][0]), told };
  });
  return { child, listening: once(child, 'message'), ended };
}

const messages = ({ lines }: Ended): string[] => lines.map(({ msg }) => msg);

describe('a start that restarting cannot help', () => {
  const line = 'Setting PORT: is wrong';
  it.each([
    ['is refused while it starts', `throw new StartRefusedError('${line}');`],
    [
      'is refused later, by what it started',
      `setImmediate(() => refuse('${line}')); return running(1, async () => {});`,
    ],
  ])('%s: one line to the log and to the launcher, and code 78', async (_, main) => {
    const ended = await start(main).ended;
    expect(ended.code).toBe(78);
    expect(ended.lines).toMatchObject([{ level: 'fatal', msg: line }]);
    expect(ended.told).toContainEqual({ kind: 'refused', reason: line });
  });

  it('says in words that the port is taken', async () => {
    const ended = await start("throw Object.assign(new Error('listen'), { code: 'EADDRINUSE' });").ended;
    expect(ended.code).toBe(78);
    expect(messages(ended)).toEqual(['The port is taken: choose another, e.g. PORT=3001.']);
  });
});

describe('a bug', () => {
  it.each([
    ['while it starts', "throw new TypeError('x');"],
    ['that nobody catches', "setImmediate(() => { throw new TypeError('x'); }); return running(1, async () => {});"],
    ['in a promise that nobody awaits', "Promise.reject(new TypeError('x')); return running(1, async () => {});"],
    [
      'while it stops',
      "process.nextTick(() => process.emit('SIGTERM')); return running(1, async () => { throw new TypeError('x'); });",
    ],
  ])('%s ends the process with 1, its stack in the log', async (_, main) => {
    const ended = await start(main).ended;
    expect(ended.code).toBe(1);
    const crashed: unknown = ended.lines.find(({ msg }) => msg === 'crashed');
    expect(crashed).toMatchObject({
      level: 'fatal',
      msg: 'crashed',
      err: { type: 'TypeError', stack: expect.stringMatching(/^ *at /m) as string },
    });
  });
});

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s lets it finish, and it ends with 0', async (signal) => {
    const { child, listening, ended } = start('return running(20, async () => {});');
    await listening;
    child.kill(signal);
    const end = await ended;
    expect(end.code).toBe(0);
    expect(messages(end)).toEqual(['stopping', 'stopped']);
  });

  it('that comes while it starts ends it with 0', async () => {
    const { child, listening, ended } = start(`
      await tellLauncher({ kind: 'listening', opsUrl: 'not yet' });
      return new Promise(() => {});`);
    await listening;
    child.kill('SIGTERM');
    const end = await ended;
    expect(end.code).toBe(0);
    expect(messages(end)).toEqual(['stopped while starting']);
  });

  // As when a launcher is killed with -9: what nobody reads must not keep a process alive.
  it('ends it also where the reader of its log has gone', async () => {
    const { child, listening } = start('return running(20, async () => {});');
    const exit = once(child, 'exit');
    await listening;
    child.stdout!.destroy();
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });

  it('that comes twice ends it where it is', async () => {
    const { child, listening, ended } = start(`return running(20, async () => {
      tellLauncher({ kind: 'listening', opsUrl: 'stopping' });
      await new Promise(() => {});
    });`);
    await listening;
    const stopping = once(child, 'message');
    child.kill('SIGTERM');
    await stopping;
    child.kill('SIGTERM');
    expect((await ended).code).toBe(1);
  });

  // With Redis away a queue never closes; what is unfinished comes back by its lock.
  it('waits for what does not end only up to the deadline', async () => {
    const { child, listening, ended } = start('return running(0.1, () => new Promise(() => {}));');
    await listening;
    child.kill('SIGTERM');
    const end = await ended;
    expect(end.code).toBe(0);
    expect(messages(end)).toEqual(['stopping', 'stopped at the deadline, with work unfinished']);
  });
});

it('stops when its launcher is gone: nobody would see it any more', async () => {
  const { child, listening, ended } = start('return running(20, async () => {});');
  await listening;
  child.disconnect();
  const end = await ended;
  expect(end.code).toBe(0);
  expect(messages(end)).toEqual(['stopping', 'stopped']);
});

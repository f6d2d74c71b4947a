import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { projectRoot, SETTING_NAMES } from '#config/settings';
import { Executor, type ExecutorEvents } from '#inference/executor';
import { executorOptions, GOOD_INPUT, IRIS } from '#testing/executors';
import { copyModels, MODELS_DIR } from '#testing/models';
import { ENDLESS } from '#testing/poison';
import { isRunning } from '#testing/process-table';
import { signal } from '#testing/signal';

const ignore = (): void => undefined;
const quiet: ExecutorEvents = { onReady: ignore, onRefused: ignore, onDeath: ignore };

describe('the child', () => {
  it('has no setting and no credential in its environment', async () => {
    for (const name of SETTING_NAMES) vi.stubEnv(name, `secret-${name}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const ready = signal();
    const executor = new Executor(executorOptions('inference/executor-main'), 'one', {
      ...quiet,
      onReady: () => ready.send(),
    });
    onTestFinished(() => executor.kill());
    await ready.seen;
    const environment = await readFile(`/proc/${executor.pid}/environ`, 'utf8');
    expect(environment).toContain('PATH=');
    expect(environment).not.toContain('secret-');
    expect(environment).not.toContain('REDIS_URL');
  });

  // `disconnect` would need the child's event loop, which an endless run never gives back.
  it('does not outlive a parent that is killed with -9 while it runs without end', async () => {
    const { entry } = executorOptions('testing/endless-executor');
    const input = JSON.stringify({ ...GOOD_INPUT, sepal_length: ENDLESS });
    const script = path.join(projectRoot(), 'dist', 'libs', 'testing', 'executor-parent.js');
    const parent = spawn(process.execPath, [script, entry, MODELS_DIR, IRIS.id, input], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const child = Number(line);
    expect(await isRunning(child)).toBe(true);
    const gone = once(parent, 'exit');
    parent.kill('SIGKILL');
    await gone;
    await vi.waitFor(async () => expect(await isRunning(child)).toBe(false), { timeout: 20_000, interval: 20 });
  });

  it('refuses a model that was tampered with, by one line with the file and the rule', async () => {
    const root = await copyModels('iris');
    await writeFile(path.join(root, 'iris', '1.0.0', 'model.onnx'), 'x');
    const refused = signal<string>();
    const executor = new Executor(executorOptions('inference/executor-main', root), 'all', {
      ...quiet,
      onRefused: refused.send,
    });
    onTestFinished(() => executor.kill());
    expect(await refused.seen).toMatch(
      /^Model file iris\/1\.0\.0\/model\.onnx: has 1 bytes, but its manifest promises 464/,
    );
  });

  it('answers for a version that it has not loaded, instead of dying of it', async () => {
    const broke = signal<string>();
    const executor: Executor = new Executor(executorOptions('inference/executor-main'), 'one', {
      ...quiet,
      onReady: () => {
        const run = {
          versionId: 'f'.repeat(64),
          inputs: ['{}'],
          onRunning: ignore,
          onRan: ignore,
          onBroke: broke.send,
        };
        executor.run(run);
      },
    });
    onTestFinished(() => executor.kill());
    expect(await broke.seen).toBe('This executor has not loaded the version.');
  });
});

describe('the parent', () => {
  it('hears the death of a child that could not even begin', async () => {
    const died = signal<string>();
    const options = { ...executorOptions('inference/executor-main'), entry: '/nowhere.js' };
    new Executor(options, 'one', { ...quiet, onDeath: (_, cause) => died.send(cause) });
    expect(await died.seen).toBe('code 1');
  });

  it('ends a child that does not get ready in time', async () => {
    const died = signal<string>();
    const options = executorOptions('inference/executor-main', MODELS_DIR, { startMs: 300 });
    const executor = new Executor(options, 'one', { ...quiet, onDeath: (_, cause) => died.send(cause) });
    process.kill(executor.pid!, 'SIGSTOP');
    expect(await died.seen).toBe('no start');
  });

  it('does not fall over a message to a child that has just died', async () => {
    const ready = signal();
    const died = signal();
    const executor: Executor = new Executor(executorOptions('inference/executor-main'), 'one', {
      ...quiet,
      onReady: () => ready.send(),
      onDeath: () => died.send(),
    });
    await ready.seen;
    executor.kill();
    const run = {
      versionId: IRIS.id,
      inputs: [JSON.stringify(GOOD_INPUT)],
      onRunning: ignore,
      onRan: ignore,
      onBroke: ignore,
    };
    for (let i = 0; i < 100; i += 1) executor.run(run);
    await died.seen;
    expect(executor.ready).toBe(false);
  });
});

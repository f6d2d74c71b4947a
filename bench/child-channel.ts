/**
 * The bench's own children: a question goes down the IPC channel, one answer comes back. What is measured runs in a
 * process of its own, so that nothing of the bench shares its event loop.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { dieWithParent } from '#process/die-with-parent';

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

const STOP_MS = 5_000;

/** A child that answers questions `Q` with `A`, one at a time. */
export class BenchChild<Q, A> {
  private constructor(private readonly child: ChildProcess) {}

  /** @param name file of this folder, without extension */
  static async start<Q, A>(name: string): Promise<BenchChild<Q, A>> {
    const script = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    const [command, words] = await dieWithParent('KILL', process.execPath, ['--enable-source-maps', script]);
    const child = spawn(command, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(child, 'message');
    return new BenchChild(child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  ask(question: Q): Promise<A> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      const onAnswer = ({ value, error }: Answer): void => {
        child.off('exit', onExit);
        if (error === undefined) resolve(value as A);
        else reject(new Error(error));
      };
      const onExit = (): void => {
        child.off('message', onAnswer);
        reject(new Error('a child of the bench died'));
      };
      child.once('message', onAnswer);
      child.once('exit', onExit);
      child.send(question as object);
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    const patience = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(patience);
  }
}

/**
 * The child's side: answers until its parent closes the channel.
 * @param answer takes the question as its parent's `BenchChild` has it
 */
export function serveParent(answer: (question: never) => Promise<unknown>): void {
  const reply = (message: Answer): void => void process.send?.(message);
  process.on('message', (question) => {
    answer(question as never).then(
      (value) => reply({ value }),
      (error: unknown) => reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  reply({ value: 'ready' });
}

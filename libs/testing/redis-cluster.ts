/** A real Redis Cluster of three primaries on loopback, and a primary with a replica that a sentinel watches. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until, within } from './patience.js';
import { freePort, type RedisCommand, TestRedis, withRedis } from './redis-server.js';

const SLOTS = 16_384;
const NODES = 3;
const FORMED_MS = 60_000;
const END_MS = 60_000;

export class TestRedisCluster {
  private constructor(readonly nodes: readonly TestRedis[]) {}

  static async start(program: RedisCommand): Promise<TestRedisCluster> {
    const nodes: TestRedis[] = [];
    for (let i = 0; i < NODES; i += 1) {
      // The nodes' own port is ten thousand above, unless they are told another one.
      const bus = String(await freePort());
      // While the disk is busy, Redis otherwise answers up to two seconds before it writes: a kill then loses that.
      const appends = ['--appendfsync', 'always'];
      const options = [...appends, '--cluster-enabled', 'yes', '--cluster-port', bus, '--cluster-node-timeout', '2000'];
      const node = await TestRedis.prepare(program, options);
      await node.start();
      await node.with((client) => client.call('CLUSTER', 'ADDSLOTSRANGE', ...shareOf(i)));
      const [first] = nodes;
      if (first !== undefined) await first.with((client) => meet(client, node, bus));
      nodes.push(node);
    }
    const cluster = new TestRedisCluster(nodes);
    await cluster.formed();
    return cluster;
  }

  get url(): string {
    return `redis+cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  /** Resolves when every node says that all slots are served. */
  async formed(): Promise<void> {
    for (const node of this.nodes) {
      const says = (): Promise<boolean> =>
        node.with(async (client) => String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
      await until(says, { deadlineMs: FORMED_MS, what: `the cluster to be whole on port ${node.port}` });
    }
  }

  /** The node that holds a key. */
  async holderOf(key: string): Promise<TestRedis> {
    const [first] = this.nodes;
    const slot = Number(await first?.with((client) => client.call('CLUSTER', 'KEYSLOT', key)));
    return this.nodes[Math.min(NODES - 1, Math.floor(slot / Math.ceil(SLOTS / NODES)))] as TestRedis;
  }

  async remove(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()));
  }
}

type Client = Parameters<Parameters<TestRedis['with']>[0]>[0];

async function meet(client: Client, { port }: TestRedis, bus: string): Promise<void> {
  await client.call('CLUSTER', 'MEET', '127.0.0.1', String(port), bus);
}

function shareOf(node: number): [string, string] {
  const size = Math.ceil(SLOTS / NODES);
  return [String(node * size), String(Math.min(SLOTS, (node + 1) * size) - 1)];
}

/** Promotes the replica two seconds after the primary has fallen silent. */
export class WatchedRedis {
  #sentinel: ChildProcess | null = null;

  private constructor(
    private readonly program: RedisCommand,
    private readonly folder: string,
    /** Of the sentinel. */
    readonly port: number,
    readonly primary: TestRedis,
    readonly replica: TestRedis,
  ) {}

  static async start(program: RedisCommand): Promise<WatchedRedis> {
    const primary = await TestRedis.start(program);
    const replica = await TestRedis.prepare(program, ['--replicaof', '127.0.0.1', String(primary.port)]);
    await replica.start();
    const folder = await mkdtemp(path.join(tmpdir(), 'millrace-sentinel-'));
    const watched = new WatchedRedis(program, folder, await freePort(), primary, replica);
    await watched.#watch();
    return watched;
  }

  get url(): string {
    return this.urlBy(this.port);
  }

  /** @param port where its sentinel is found */
  urlBy(port: number): string {
    return `redis+sentinel://127.0.0.1:${port}/main`;
  }

  async remove(): Promise<void> {
    const sentinel = this.#sentinel;
    if (sentinel !== null && sentinel.exitCode === null && sentinel.signalCode === null) {
      const exited = once(sentinel, 'exit');
      sentinel.kill('SIGKILL');
      await within(exited, { deadlineMs: END_MS, what: 'the sentinel to end' });
    }
    await Promise.all([this.primary.remove(), this.replica.remove()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #watch(): Promise<void> {
    const file = path.join(this.folder, 'sentinel.conf');
    const lines = [
      `port ${this.port}`,
      'bind 127.0.0.1',
      `sentinel monitor main 127.0.0.1 ${this.primary.port} 1`,
      'sentinel down-after-milliseconds main 2000',
      'sentinel failover-timeout main 10000',
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    const { command, words, env } = this.program;
    this.#sentinel = spawn(command, [...words, file, '--sentinel'], { env: { ...env }, stdio: 'ignore' });
    await withRedis(`redis://127.0.0.1:${this.port}`, (client) =>
      until(async () => Array.isArray(await knownReplicas(client)), {
        deadlineMs: FORMED_MS,
        what: 'the sentinel to know the replica',
      }),
    );
  }
}

/** @returns null while the replica is not known, or not in step with the primary */
async function knownReplicas(client: Client): Promise<unknown> {
  const replicas = (await client.call('SENTINEL', 'REPLICAS', 'main')) as string[][];
  const fields = replicas.map(
    (words) => new Map(words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1]]] : []))),
  );
  return fields.some((of) => of.get('flags') === 'slave' && of.get('master-link-status') === 'ok') ? fields : null;
}

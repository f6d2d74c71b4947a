/**
 * Adds a job and its announcement, both or neither, also where Redis has forgotten its scripts: after a `SCRIPT FLUSH`, a
 * restart or a failover.
 *
 * BullMQ runs a script for each in one transaction. ioredis sends a script whole the first time on a connection, and by its
 * hash from then on; where Redis does not know the hash it sends the script again, but not out of a transaction, and there
 * it does not even learn of it: all that follow fail until the connection is made anew. And it remembers each script by
 * itself. Where the announcement's is sent whole and the job's by a hash that is unknown, the announcement is made and,
 * since it waits for nothing, released; the job is nowhere; and BullMQ, which looks at the first answer, finds all well.
 *
 * So here scripts go by their hashes alone, and where one is unknown all are loaded and everything is done again: what is
 * there is not added twice. The announcement's is loaded together with the others and in no other way, so where it is known
 * they are; and where it is not, nothing is added, since a job whose announcement is missing is refused.
 */
import { type BackendFactory, QueueKeys, RedisConnection, RedisQueueBackend } from 'bullmq';
import type { Redis } from 'ioredis';
import { nodesOf } from './connection.js';
import { isUnknownScript } from './script.js';

type FlowEntries = Parameters<RedisQueueBackend['addFlow']>[0];
type FlowAnswers = Awaited<ReturnType<RedisQueueBackend['addFlow']>>;
type Transaction = ReturnType<Redis['multi']>;

/** What ioredis keeps of a script that was defined; its types do not say so. */
interface DefinedScript {
  readonly lua: string;
  readonly sha: string;
  readonly numberOfKeys: number;
}

/** The scripts of a flow. */
export const FLOW_SCRIPTS: readonly string[] = [
  'addParentJob',
  'addStandardJob',
  'releaseParentIfNoPendingDependencies',
];

/** For a `FlowProducer` on a connection that others use as well. */
export function flowBackend(redis: Redis, prefix: string): BackendFactory<FlowBackend> {
  return (name, options) => new FlowBackend(redis, prefix, name, options);
}

export class FlowBackend extends RedisQueueBackend {
  constructor(
    private readonly redis: Redis,
    prefix: string,
    name: string,
    options: ConstructorParameters<typeof RedisQueueBackend>[4],
  ) {
    const connection = new RedisConnection(redis, { shared: true, blocking: false, skipVersionCheck: true });
    const keys = new QueueKeys(prefix);
    super(connection, name, keys.getKeys(name), (type) => keys.toKey(name, type), options);
  }

  override async addFlow(entries: FlowEntries): Promise<FlowAnswers> {
    try {
      return await this.#addAll(entries);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      await this.#load();
      return this.#addAll(entries);
    }
  }

  /** Within `addFlow`, of its transaction. */
  override execCommand(transaction: unknown, name: string, keysAndArguments: (string | number | Buffer)[]): unknown {
    const { sha, numberOfKeys } = this.#script(name);
    return (transaction as Transaction).evalsha(sha, numberOfKeys, ...keysAndArguments);
  }

  /** Whatever fails of it is an error, and not only the announcement. */
  async #addAll(entries: FlowEntries): Promise<FlowAnswers> {
    const answers = await super.addFlow(entries).catch((error: unknown) => {
      throw whyAborted(error);
    });
    for (const [error] of answers) if (error !== null) throw error;
    return answers;
  }

  /** A node that is away is none that this flow needs, or doing it again fails as well. */
  async #load(): Promise<void> {
    await Promise.allSettled(nodesOf(this.redis).map((node) => this.#loadInto(node)));
  }

  /** In one step, so that nobody makes Redis forget a part of them. */
  async #loadInto(node: Redis): Promise<void> {
    const loading = node.multi();
    for (const name of FLOW_SCRIPTS) loading.script('LOAD', this.#script(name).lua);
    await loading.exec();
  }

  /** BullMQ has defined it under its own version. */
  #script(name: string): DefinedScript {
    const { scriptsSet } = this.redis as unknown as { scriptsSet: Readonly<Record<string, DefinedScript>> };
    const script = scriptsSet[`${name}:${this.version}`];
    if (script === undefined) throw new Error(`BullMQ ${this.version} has no script ${name}.`);
    return script;
  }
}

/** Of a transaction in which a command was refused Redis says no more than that: why stands in its answer to the command. */
function whyAborted(error: unknown): unknown {
  const { previousErrors = [] } = error as { readonly previousErrors?: readonly Error[] };
  return previousErrors[0] ?? error;
}

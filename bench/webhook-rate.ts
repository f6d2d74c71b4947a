/** Part h: how many webhooks a second reach one receiver on this machine, signed, each after its prediction has ended. */
import { alternate, type Measurement } from './alternating-rounds.js';
import { BenchChild } from './child-channel.js';
import { Observer } from './observer.js';
import type { BenchOptions } from './options.js';
import type { Finding } from './report.js';
import { goldenInputs } from './setting.js';
import { spreadOf } from './statistics.js';
import type { BatchBench } from './batch-comparison.js';
import type { SinkAnswer, SinkQuestion } from './webhook-sink.js';

const MODEL = 'iris';
const CONNECTIONS = 50;
const LEAST_PER_SECOND = 500;
const WITHIN_MS = 120_000;

export async function measureWebhooks(
  { load, fleet, modelsDir }: BatchBench,
  options: BenchOptions,
  say: (line: string) => void,
): Promise<Finding> {
  const messages = options.quick ? 1_000 : 5_000;
  const inputs = await goldenInputs(modelsDir, MODEL);
  const sink = await BenchChild.start<SinkQuestion, SinkAnswer>('webhook-sink');
  const delivered: Measurement = {
    name: 'webhooks to one receiver',
    unit: 'deliveries/s',
    measure: async () => {
      const { port } = await sink.ask({ kind: 'begin' });
      const observer = new Observer([...load.watchedWith(fleet), { name: 'receiver', pid: sink.pid }]);
      const webhook = `http://127.0.0.1:${port}/hook`;
      const spec = { model: MODEL, inputs, connections: CONNECTIONS, wait: false, until: { requests: messages } };
      const { result } = await load.load(fleet, { ...spec, fields: { webhook } });
      if (result.errors > 0) throw new Error(`${result.errors} answers were not what they should be`);
      const { firstAtMs, lastAtMs } = await sink.ask({ kind: 'await', messages, withinMs: WITHIN_MS });
      const value = ((messages - 1) / (lastAtMs - firstAtMs)) * 1_000;
      return { value, count: messages, cost: observer.end(), grouping: null };
    },
  };
  try {
    const samples = (await alternate([delivered], options.rounds, say)).get(delivered) ?? [];
    return {
      part: 'h',
      what: 'webhooks a second to one receiver',
      ratio: spreadOf(samples.map(({ value }) => value)),
      limit: { least: LEAST_PER_SECOND },
      sides: [{ name: delivered.name, unit: delivered.unit, samples }],
    };
  } finally {
    await sink.stop();
  }
}

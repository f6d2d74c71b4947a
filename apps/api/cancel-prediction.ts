import type { PredictionAddress } from '#domain/prediction-id';
import { withinBudget } from '#queue/connection';
import type { EnvelopeReader, Found } from '#queue/envelope-reader';
import { setMark } from '#queue/marks';
import type { ModelQueues } from '#queue/model-queues';

/** Sets the mark and reads what has become of the prediction; one that ended meanwhile is answered as it ended. */
export class CancelPrediction {
  constructor(
    private readonly queues: ModelQueues,
    private readonly reader: EnvelopeReader,
  ) {}

  async cancel(model: string, address: PredictionAddress): Promise<Found> {
    const { redis, catalogue } = this.queues;
    const mark = { kind: 'canceled', atMs: Date.now() } as const;
    await withinBudget(redis, () => setMark(redis, catalogue, { model, ...address }, mark));
    return this.reader.read(model, address);
  }
}

/** What operators call: every call needs a key with the scope `operate`. Names of fields are those of the wire. */
import type { components } from './api-types.js';
import { route } from './routes.js';
import { type ClientOptions, Transport } from './transport.js';

type Schemas = components['schemas'];

/** Durations are in seconds. */
export type ModelStatus = Schemas['ModelStatusResource'];
export type FleetStatus = Schemas['FleetResource'];
export type DeadLetter = Schemas['DeadLetterResource'];
export type DeadDelivery = Schemas['DeadDeliveryResource'];
export type Timeline = Schemas['TimelineResource'];

interface Page<T> {
  readonly next: string | null;
  readonly results: readonly T[];
}

export class OperatorClient {
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
  }

  fleet(): Promise<FleetStatus> {
    return this.#transport.json('GET', route('/v1/fleet'));
  }

  async models(): Promise<readonly ModelStatus[]> {
    const { results }: Page<ModelStatus> = await this.#transport.json('GET', route('/v1/operations/models'));
    return results;
  }

  /** @param action `resume` ends the other two */
  switchModel(model: string, action: 'pause' | 'resume' | 'drain'): Promise<ModelStatus> {
    return this.#transport.json('POST', `/v1/operations/models/${encodeURIComponent(model)}/${action}`);
  }

  timeline(id: string): Promise<Timeline> {
    return this.#transport.json('GET', route('/v1/operations/predictions/{id}/timeline', id));
  }

  /** All of them, page by page, newest first. */
  deadLetters(model?: string): AsyncGenerator<DeadLetter, void, undefined> {
    const query = model === undefined ? '' : `?model=${encodeURIComponent(model)}`;
    return this.#all(`/v1/operations/dead-letters${query}`);
  }

  /** @returns the id of the new prediction */
  async redrive(id: string): Promise<string> {
    const path = route('/v1/operations/dead-letters/{id}/redrive', id);
    const fresh: Schemas['RedrivenResource'] = await this.#transport.json('POST', path);
    return fresh.id;
  }

  /** All webhooks that were given up, page by page, the last one first. */
  deadDeliveries(): AsyncGenerator<DeadDelivery, void, undefined> {
    return this.#all('/v1/operations/dead-deliveries');
  }

  redeliver(id: string): Promise<DeadDelivery> {
    return this.#transport.json('POST', route('/v1/operations/dead-deliveries/{id}/redeliver', id));
  }

  async *#all<T>(first: string): AsyncGenerator<T, void, undefined> {
    for (let path: string | null = first; path !== null;) {
      const page: Page<T> = await this.#transport.json('GET', path);
      yield* page.results;
      path = page.next;
    }
  }
}

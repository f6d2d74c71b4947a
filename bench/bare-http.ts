/** Child process of the bench: Fastify alone. It parses each body and answers what an accepted prediction is answered, always the same. */
import { fastify } from 'fastify';
import { toResource } from '#contract/prediction-resource';
import { NOT_STARTED, type Prediction } from '#domain/prediction';
import { formatPredictionId, newEnvelopeId } from '#domain/prediction-id';
import { modelCode } from '#queue/catalogue';
import { serveParent } from './child-channel.js';

export interface BareHttpQuestion {
  readonly model: string;
  readonly input: Prediction['submission']['input'];
}

/** Port on 127.0.0.1. */
export type BareHttpAnswer = number;

serveParent(async (question: BareHttpQuestion): Promise<BareHttpAnswer> => {
  const resource = toResource(accepted(question), 'millrace', 'http://127.0.0.1:3000');
  const server = fastify({ logger: false });
  server.post('/v1/predictions', (_, reply) => {
    reply.code(201).header('location', resource.urls.get).send(resource);
  });
  return Number(new URL(await server.listen({ host: '127.0.0.1', port: 0 })).port);
});

function accepted({ model, input }: BareHttpQuestion): Prediction {
  const now = Date.now();
  return {
    submission: {
      id: formatPredictionId(modelCode(model), newEnvelopeId('i', now), 0),
      client: 'local',
      model,
      versionId: '0'.repeat(64),
      versionLabel: '1.0.0',
      input,
      metadata: null,
      priority: 'normal',
      deadlineAtMs: null,
      callback: null,
      trace: null,
      ownId: null,
      batchId: null,
      createdAtMs: now,
    },
    standing: NOT_STARTED,
  };
}

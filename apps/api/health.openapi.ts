/**
 * `/health` and `/ready` as clients and load balancers see them. The operations port answers the same, but for a process
 * that is not ready: no problem there, the parts by name.
 */
import { openProblems } from './openapi-parts.js';

const parts = {
  type: 'object',
  description: 'Parts by name.',
  additionalProperties: {
    type: 'object',
    required: ['status'],
    properties: { status: { enum: ['up', 'down'] } },
  },
} as const;

export const HEALTH_SCHEMAS = {
  Health: {
    type: 'object',
    description: 'The process is alive.',
    required: ['status'],
    properties: { status: { enum: ['ok'] } },
  },
  Readiness: {
    type: 'object',
    description: 'The process can do its work.',
    required: ['status', 'info', 'error', 'details'],
    properties: {
      status: { enum: ['ok', 'degraded'], description: '`degraded`: it works, but less well.' },
      info: { ...parts, description: 'Parts that are up, by name.' },
      error: { ...parts, description: 'Parts that are down, by name; empty while the process is ready.' },
      details: { ...parts, description: 'All parts, by name.' },
      degraded: {
        type: 'array',
        items: { type: 'string' },
        description: 'What works less well, one sentence each; present when the status is `degraded`.',
      },
    },
  },
} as const;

/** Open to everybody: who watches over a process has no key. */
const OPEN = { tags: ['operations'], security: [], parameters: [] };

const answer = (name: keyof typeof HEALTH_SCHEMAS): object => ({
  'application/json': { schema: { $ref: `#/components/schemas/${name}` } },
});

export const HEALTH_OPERATION = {
  ...OPEN,
  operationId: 'getHealth',
  summary: 'Ask whether the process is alive',
  responses: { 200: { description: 'It is.', content: answer('Health') } },
};

export const READY_OPERATION = {
  ...OPEN,
  operationId: 'getReadiness',
  summary: 'Ask whether it can do its work now',
  responses: {
    200: { description: 'It can, perhaps less well (`degraded`).', content: answer('Readiness') },
    ...openProblems({ 503: 'It cannot (`not_ready`): it is draining, or Redis is away.' }),
  },
};

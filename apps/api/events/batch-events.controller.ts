import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BatchResource } from '#contract/batch.dto';
import { type Batch, hasBatchEnded } from '#domain/batch';
import { withinBudget } from '#queue/connection';
import { Completions } from '#queue/completions';
import { Requires } from '../access/requires.js';
import { BatchParams } from '../batches/batches.dto.js';
import { OwnBatches } from '../batches/own-batches.js';
import { BatchParts } from '../batches/build-batches.js';
import { batchEventsAfter } from './batch-events.js';
import { BatchLooks } from './batch-looks.js';
import { HEARTBEAT_MS, lastEventIdOf, sendEvents, type ServerEvent } from './event-stream.js';
import { type Followed, Follower, Reader } from './follower.js';

type Seen = AsyncGenerator<Batch | null, void, undefined>;

@ApiTags('batches')
@Controller('v1/batches')
export class BatchEventsController {
  readonly #looks: BatchLooks;

  constructor(
    @Inject(BatchParts) parts: BatchParts,
    @Inject(OwnBatches) private readonly own: OwnBatches,
    @Inject(Completions) private readonly completions: Completions,
    @Inject(Follower) private readonly follower: Follower,
  ) {
    this.#looks = new BatchLooks((model, id) => withinBudget(parts.redis, () => parts.reader.readUpToDate(model, id)));
  }

  @ApiOperation({ operationId: 'streamBatch', summary: 'Follow a batch: its progress and its end, as events' })
  @Requires('predict', { takesToken: true })
  @Get(':id/events')
  async events(
    @Param() { id }: BatchParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { plan } = await this.own.require(id, request);
    const reader = new Reader(request.isStillAdmitted);
    const seen = this.follower.follow(this.#followed(plan.model, id), reader);
    try {
      const show = (batch: Batch): BatchResource => this.own.show(batch, request);
      const first = (await seen.next()).value ?? (await this.own.require(id, request));
      const events = batchEventsAfter(lastEventIdOf(request), first, show);
      // The end was heard: this is how a browser is told not to come again.
      if (events === null) return void reply.code(204).send();
      await sendEvents(reply, following(events, lastEventIdOf(request), seen, show), reader.leave);
    } finally {
      reader.leave();
      await seen.return();
    }
  }

  #followed(model: string, id: string): Followed<Batch | null> {
    return {
      listen: (ring) => [this.completions.onJob(model, id, ring)],
      look: () => this.#looks.look(model, id),
      isOver: (batch) => batch !== null && hasBatchEnded(batch.status),
      patienceMs: () => HEARTBEAT_MS,
    };
  }
}

async function* following(
  first: readonly ServerEvent[],
  lastEventId: string | null,
  seen: Seen,
  show: (batch: Batch) => BatchResource,
): AsyncGenerator<readonly ServerEvent[], void, undefined> {
  let last = first.at(-1)?.id ?? lastEventId;
  if (first.length > 0) yield first;
  for await (const batch of seen) {
    const events = batch === null ? [] : batchEventsAfter(last, batch, show);
    if (events === null) return;
    last = events.at(-1)?.id ?? last;
    yield events;
  }
}

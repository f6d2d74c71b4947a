import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Prediction } from '#domain/prediction';
import { Completions } from '#queue/completions';
import { EnvelopeReader, type Found } from '#queue/envelope-reader';
import { Requires } from '../access/requires.js';
import { OwnPredictions, type Place, requireOwn } from '../own-predictions.js';
import { isOver, jobsOf, untilDeadline } from '../waiting-on.js';
import { HEARTBEAT_MS, lastEventIdOf, sendEvents, type ServerEvent } from './event-stream.js';
import { type Followed, Follower, Reader } from './follower.js';
import { AT_END, eventsFrom, positionAfter } from './prediction-events.js';

type Seen = AsyncGenerator<Found | null, void, undefined>;

@Controller('v1/predictions')
export class PredictionEventsController {
  constructor(
    @Inject(OwnPredictions) private readonly own: OwnPredictions,
    @Inject(EnvelopeReader) private readonly reader: EnvelopeReader,
    @Inject(Completions) private readonly completions: Completions,
    @Inject(Follower) private readonly follower: Follower,
  ) {}

  /** What happens to a prediction, as it happens. */
  @Requires('predict', { takesToken: true })
  @Get(':id/events')
  async events(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const place = await this.own.locate(id, request.caller);
    const reader = new Reader(request.isStillAdmitted);
    const seen = this.follower.follow(this.#followed(place), reader);
    try {
      const first = await seen.next();
      const prediction = requireOwn(first.value ?? 'unknown', request.caller, id);
      const position = positionAfter(lastEventIdOf(request), prediction.submission.id);
      // The end was heard: this is how a browser is told not to come again.
      if (position === AT_END) return void reply.code(204).send();
      await sendEvents(reply, this.#events(prediction, seen, position, request), reader.leave);
    } finally {
      reader.leave();
      await seen.return();
    }
  }

  async *#events(
    first: Prediction,
    seen: Seen,
    from: number,
    request: FastifyRequest,
  ): AsyncGenerator<readonly ServerEvent[], void, undefined> {
    const show = (prediction: Prediction): ReturnType<OwnPredictions['show']> => this.own.show(prediction, request);
    let { events, position } = eventsFrom(from, first, show);
    if (events.length > 0) yield events;
    for await (const found of seen) {
      // Its time is over, and so is its record.
      if (typeof found === 'string') return;
      ({ events, position } = found === null ? { events: [], position } : eventsFrom(position, found, show));
      yield events;
    }
  }

  #followed({ model, address }: Place): Followed<Found> {
    return {
      listen: (ring) => jobsOf(address).map((job) => this.completions.onJob(model, job, ring)),
      look: () => this.reader.readUpToDate(model, address),
      isOver,
      patienceMs: (found) => Math.min(HEARTBEAT_MS, untilDeadline(found)),
    };
  }
}

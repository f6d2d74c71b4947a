/**
 * A connection that writes once a turn.
 *
 * A worker that settles a job has three things to say: the outcomes, the job's end, and the message about it. Each as a
 * write of its own is a call into the kernel, a packet, and a Redis that is woken for a part of it: of a lone prediction's
 * processor time in Redis that is a tenth. Here they wait until the turn of the event loop has said everything.
 *
 * ioredis's own auto-pipelining does more, puts a promise around each command, and was slower (see `connection.ts`). The
 * API, whose turns are long, does not write so: for its callers it was slower.
 */
import { Redis } from 'ioredis';

type SendCommand = Redis['sendCommand'];

export class TurnwiseRedis extends Redis {
  #corked: Redis['stream'] | null = null;

  override sendCommand(...[command, stream]: Parameters<SendCommand>): ReturnType<SendCommand> {
    if (this.status === 'ready' && this.#corked !== this.stream) this.#cork();
    return super.sendCommand(command, stream);
  }

  #cork(): void {
    const { stream } = this;
    this.#corked = stream;
    stream.cork();
    // A second time, behind what this turn has already put off to its end.
    process.nextTick(() => process.nextTick(() => this.#uncork(stream)));
  }

  #uncork(stream: Redis['stream']): void {
    if (this.#corked === stream) this.#corked = null;
    stream.uncork();
  }
}

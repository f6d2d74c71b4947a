/** A body that ended in its middle: what came before is good, and the rest can be asked for. */
export class BrokenOff extends Error {}

/**
 * The lines of a body as they come, each when it is whole. What stands behind the last line break broke off in its middle
 * and is left out. By hand, since not every browser lets one iterate over a stream.
 *
 * @throws BrokenOff
 */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new BrokenOff('The answer broke off', { cause });
      });
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
  } finally {
    // Whoever has left needs no more; where it broke, that has been said already.
    await reader.cancel().catch(() => undefined);
  }
}

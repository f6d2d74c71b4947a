/** The signals that end a launcher: the first asks for an orderly end, the second for an end. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** In a terminal Ctrl-C reaches us and npm, which passes it on to us: one press, two signals. */
const SAME_PRESS_MS = 700;

/** @returns a function that ends the listening */
export function onStopSignals(first: () => void, again: () => void): () => void {
  let firstAt: number | null = null;
  const listener = (): void => {
    if (firstAt === null) {
      firstAt = Date.now();
      first();
    } else if (Date.now() - firstAt > SAME_PRESS_MS) {
      again();
    }
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}

/** Does the same work again and again, with a pause in between, until it is told to stop. */
export class Rounds {
  #timer: NodeJS.Timeout | null = null;
  #under: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly pauseMs: number,
    private readonly onError: (error: Error) => void,
  ) {}

  /** The first round comes after the first pause. */
  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#under = this.work()
        .catch((error: unknown) => this.onError(error as Error))
        .finally(() => this.start());
    }, this.pauseMs);
  }

  /** Resolves when the round that is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#under;
  }
}

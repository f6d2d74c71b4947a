/** Does the same work again and again, with a pause in between, until it is told to stop. */
export class Rounds {
  #timer: NodeJS.Timeout | null = null;
  #underway: Promise<void> = Promise.resolve();
  #stopped = false;

  /**
   * @param work one round; one that fails is reported, and the next one comes as ever
   * @param pauseMs between the end of a round and the next one
   */
  constructor(
    private readonly work: () => Promise<void>,
    private readonly pauseMs: number,
    private readonly onError: (error: Error) => void,
  ) {}

  /** Begins the first round at once. Resolves when it has ended, also where it failed. */
  start(): Promise<void> {
    this.#underway = this.work()
      .catch((error: unknown) => this.onError(error as Error))
      .finally(() => this.startAfterPause());
    return this.#underway;
  }

  startAfterPause(): void {
    // It may have been stopped during a round.
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.start(), this.pauseMs);
  }

  /** No round begins any more. Resolves when the one that is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#underway;
  }
}

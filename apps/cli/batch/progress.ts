import cliProgress from 'cli-progress';

/** Where nobody looks, a line now and then is enough. */
const LINE_EVERY_MS = 5_000;

/** A bar on standard error, so that it is never among results. */
export class Progress {
  readonly #bar = new cliProgress.SingleBar({
    format: '{step} [{bar}] {percentage} % {detail}',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    noTTYOutput: true,
    notTTYSchedule: LINE_EVERY_MS,
    stream: process.stderr,
  });
  #step = '';

  /** @param share from 0 to 1 */
  show(step: string, share: number, detail: string): void {
    if (this.#step === '') this.#bar.start(1, 0, { step, detail });
    this.#step = step;
    this.#bar.update(Math.min(1, share), { step: step.padEnd(8), detail });
  }

  end(): void {
    if (this.#step !== '') this.#bar.stop();
    this.#step = '';
  }
}

export function inSeconds(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${(minutes / 60).toFixed(1)} h`;
}

export function inThousands(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/**
 * What a process tells the launcher that started it. A process that was started by hand has nobody to tell.
 */
export type LaunchMessage =
  /** Its servers listen. */
  | { readonly kind: 'listening'; readonly url?: string; readonly opsUrl: string }
  /** A secret for the person at the terminal; it must not be kept. */
  | { readonly kind: 'first_key'; readonly key: string }
  /** It can never start as things are: one line that says why. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Exit code of a process that restarting cannot help (sysexits.h: EX_CONFIG). */
export const EXIT_REFUSED = 78;

/** True where somebody started this process who shows what it is told. */
export function hasLauncher(): boolean {
  return process.send !== undefined && process.connected;
}

export function tellLauncher(message: LaunchMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(message, undefined, {}, () => resolve());
  });
}

/** Without its launcher a process would serve on, unseen: it stops as if told to. */
export function stopWithLauncher(stop: () => void): void {
  if (process.send === undefined) return;
  // It may have died while this process was starting: that is told only once.
  if (process.connected) process.once('disconnect', stop);
  else stop();
}

/** Something that will happen once, for a test to wait on. */
export interface Signal<T> {
  readonly seen: Promise<T>;
  readonly send: (value: T) => void;
}

export function signal<T = void>(): Signal<T> {
  let send: (value: T) => void = () => undefined;
  const seen = new Promise<T>((resolve) => (send = resolve));
  return { seen, send };
}

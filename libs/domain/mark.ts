/** The cancel or abort of one row, set before its envelope ended; it wins over any outcome. */
export interface Mark {
  readonly kind: 'canceled' | 'aborted';
  readonly atMs: number;
}

/** Counters and histograms: prom-client's own, or no-op versions in a process whose METRICS are off. */
import { Counter, Histogram, Registry } from 'prom-client';

/** Of a process that nobody scrapes. */
export class SilentRegistry extends Registry {}

class SilentCounter<Label extends string> extends Counter<Label> {
  override inc(): void {
    // Nobody reads it.
  }
}

class SilentHistogram<Label extends string> extends Histogram<Label> {
  override observe(): void {
    // Nobody reads it.
  }
}

/** Constructors for metrics of the registry. */
export function instrumentsOf(registry: Registry): { Counter: typeof Counter; Histogram: typeof Histogram } {
  if (registry instanceof SilentRegistry) return { Counter: SilentCounter, Histogram: SilentHistogram };
  return { Counter, Histogram };
}

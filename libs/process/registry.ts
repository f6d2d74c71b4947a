import { register, type Registry } from 'prom-client';
import { SilentRegistry } from '#telemetry/instruments';

/** The registry that `/metrics` shows, empty but for what every process reports of itself. */
export function makeRegistry(app: string, metrics: 'on' | 'off'): Registry {
  if (metrics === 'off') return new SilentRegistry();
  register.setDefaultLabels({ app });
  return register;
}

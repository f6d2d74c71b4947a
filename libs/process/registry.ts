import { register, type Registry } from 'prom-client';

/** The registry that `/metrics` shows, empty but for what every process reports of itself. */
export function makeRegistry(app: string): Registry {
  register.setDefaultLabels({ app });
  return register;
}

/** Expressions that several panels share. */

/** Long enough for a rate whatever the scrape interval; Grafana fills it in. */
const OVER = '$__rate_interval';

export function rate(metric: string): string {
  return `rate(${metric}[${OVER}])`;
}

export function increase(metric: string): string {
  return `increase(${metric}[${OVER}])`;
}

/** @param histogram with its selector, without `_bucket` */
export function quantile(q: number, name: string, selector = '', by: readonly string[] = []): string {
  return `histogram_quantile(${q}, sum by (${['le', ...by].join(', ')}) (${rate(`${name}_bucket${selector}`)}))`;
}

export function mean(name: string, by: string, selector = ''): string {
  return `sum by (${by}) (${rate(`${name}_sum${selector}`)}) / sum by (${by}) (${rate(`${name}_count${selector}`)})`;
}

/** Submits: the routes and methods that hand in work, as the alerts on them have it. */
export const SUBMITS =
  'method=~"POST|PUT",route=~"/v1/predictions(/:id)?|/v1/models/:owner/:name/predictions|/v1/batches"';

/**
 * A share that is 0 where the denominator counts and the numerator has not been seen yet, and absent without traffic.
 */
export function share(part: string, whole: string): string {
  return `((${part}) or (0 * (${whole}))) / (${whole})`;
}

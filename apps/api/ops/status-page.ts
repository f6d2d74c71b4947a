/** The operator's first page: is it the clients, the queue, the workers, Redis, or a model? */
import type { FailureStatus, FleetStatus, ModelStatus, WorkerStatus } from './fleet-status.js';
import { escapeHtml, htmlOf } from './page.js';

/** Puts a fresh copy of the page's numbers in the place of the old ones; without a script a reload does. */
export const LIVE_SCRIPT = `
const main = document.querySelector('main');
const PRESSED = 'a, button';
async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main');
    if (main.querySelector('button:active')) return;
    const place = [...main.querySelectorAll(PRESSED)].indexOf(document.activeElement);
    main.innerHTML = fresh.innerHTML;
    if (place >= 0) main.querySelectorAll(PRESSED)[place]?.focus();
  } catch {
    const note = document.getElementById('age');
    if (note) { note.textContent = 'These numbers are old: the API does not answer.'; note.className = 'bad'; }
  }
}
setInterval(() => { if (!document.hidden) refresh(); }, 2000);
`;

/** A try is due once it can be made; a courier that keeps up makes it within a second. */
const LATE_AFTER_SECONDS = 60;

export interface StatusPageOptions {
  /** Keys are off: everybody who reaches the port sees this. */
  readonly isOpen: boolean;
  /** Null where nobody has signed in. */
  readonly operator: string | null;
}

export type SwitchStatus = Pick<ModelStatus, 'state' | 'state_since' | 'state_by'>;

/** What the buttons beside a model do; each is a path below the model's. */
export const SWITCHES = [
  { verb: 'pause', name: 'Pause', to: 'paused' },
  { verb: 'drain', name: 'Drain', to: 'draining' },
  { verb: 'resume', name: 'Resume', to: 'running' },
] as const;

/** @param memoryMark share of Redis's memory above which submits are refused */
export function statusPage(status: FleetStatus, options: StatusPageOptions, memoryMark: number): string {
  const main = `${banners(status, options)}<h1>Millrace</h1>
<p id="age" class="quiet">${escapeHtml(status.version)} (${escapeHtml(status.commit.slice(0, 12))}), as of
${new Date().toISOString().slice(11, 19)} UTC</p>
${modelTable(status.models)}
${workerTable(status.workers)}
${redisLine(status, memoryMark)}
${deliveryLine(status)}
${failureTable(status.last_failures)}
`;
  return htmlOf({ title: 'Status', nav: opsNav(options), main, isWide: true, script: LIVE_SCRIPT });
}

/** Not in what is live, where a new copy would take away what is being typed. */
const LOOKUP = `<form action="/ops/predictions"><input name="id" required placeholder="Id of a prediction"
aria-label="Id of a prediction, from Millrace or from its client"></form> `;

export function opsNav({ isOpen, operator }: StatusPageOptions): string {
  const links = [
    ['/ops', 'Status'],
    ['/ops/queues', 'Queues'],
    ['/ops/failed', 'Failed predictions'],
    ['/ops/runbooks/', 'Runbooks'],
    ['/metrics', 'Metrics'],
    ['/ready', 'Ready?'],
  ].map(([href = '', text = '']) => `<a href="${href}">${text}</a>`);
  const out =
    isOpen || operator === null
      ? ''
      : `<form method="post" action="/ops/sign-out"><button type="submit">Sign out ${escapeHtml(operator)}</button></form>`;
  return links.join('') + LOOKUP + out;
}

export const OPEN_BANNER =
  '<p class="banner">Keys are off (<code>AUTH=off</code>): anybody who can reach this port can see and do everything here.</p>\n';

function banners({ degraded, redis }: FleetStatus, { isOpen }: StatusPageOptions): string {
  const away = redis.up ? [] : ['Redis is away: nothing is accepted.'];
  const lines = [...away, ...degraded].map((line) => `<p class="banner" role="status">${escapeHtml(line)}</p>\n`);
  return (isOpen ? OPEN_BANNER : '') + lines.join('');
}

function modelTable(models: readonly ModelStatus[]): string {
  const rows = models.map((one) => [
    `<a href="/ops/queues/queue/${encodeURIComponent(one.model)}">${escapeHtml(one.model)}</a>`,
    escapeHtml(one.version_label),
    switchedTo(one) + switchForms(one),
    one.waiting.normal.toLocaleString('en-US'),
    one.waiting.low.toLocaleString('en-US'),
    one.running.toLocaleString('en-US'),
    seconds(one.oldest_waiting),
    one.rate >= 10 ? one.rate.toFixed(0) : one.rate.toFixed(1),
    seconds(one.time_to_drain),
    one.workers === 0 ? '<span class="bad">0</span>' : String(one.workers),
    String(one.executors),
    one.dead_letters === 0 ? '0' : `<a class="warn" href="/ops/failed">${one.dead_letters}</a>`,
  ]);
  const heads = ['model', 'version', 'state', '#waiting', '#in batches', '#running', '#oldest waits', '#a second'];
  return table('Queues', [...heads, '#time to drain', '#workers', '#executors', '#failed'], rows);
}

export function switchedTo({ state, state_since: since, state_by: by }: SwitchStatus): string {
  if (state === 'running') return state;
  const when = since === null ? '' : ` since ${moment(since, 'minutes')}`;
  return `<span class="warn">${state}</span>${when}${by === null ? '' : ` by ${escapeHtml(by)}`}`;
}

/** Where the model may go from here. */
function switchForms({ model, state }: ModelStatus): string {
  const buttons = SWITCHES.filter(({ to }) => to !== state).map(
    ({ verb, name }) => `<button formaction="/ops/models/${encodeURIComponent(model)}/${verb}">${name}</button>`,
  );
  return `<form method="post" class="small">${buttons.join('')}</form>`;
}

function workerTable(workers: readonly WorkerStatus[]): string {
  if (workers.length === 0) return '<h2>Workers</h2>\n<p class="bad">No worker is alive: what is accepted waits.</p>\n';
  const rows = workers.map(({ host, pid, models, executors, started_at: startedAt }) => [
    escapeHtml(host),
    String(pid),
    `${executors.busy} of ${executors.ready} busy`,
    escapeHtml(models.join(', ')),
    moment(startedAt),
  ]);
  return table('Workers', ['host', '#pid', 'executors', 'has loaded', 'since (UTC)'], rows);
}

function redisLine({ redis }: FleetStatus, memoryMark: number): string {
  const share = `${(redis.memory_share * 100).toFixed(0)} %`;
  const memory = redis.memory_share >= memoryMark ? `<span class="bad">${share}</span>` : share;
  const state = redis.up ? '<span class="good">up</span>' : '<span class="bad">away</span>';
  return `<h2>Redis</h2>\n<p>${state}, ${memory} of its memory used, round trip ${(redis.round_trip * 1_000).toFixed(1)} ms</p>\n`;
}

function deliveryLine({ deliveries }: FleetStatus): string {
  const { endpoints_owed: owed, endpoints_broken: broken, oldest_due: due, dead_letters: dead } = deliveries;
  const late =
    due > LATE_AFTER_SECONDS ? ` <span class="warn">The oldest has been due for ${seconds(due)}.</span>` : '';
  return `<h2>Webhooks</h2>
<p>${owed} endpoints are owed deliveries, ${broken} fail and get one try at a time, ${dead} dead letters.${late}</p>
`;
}

export function failureTable(failures: readonly FailureStatus[], title = 'Last failures'): string {
  if (failures.length === 0) return `<h2>${title}</h2>\n<p>There are none.</p>\n`;
  const rows = failures.map(({ id, model, version_label: label, error_code: code, error, failed_at: at }) => [
    moment(at),
    `<a href="/ops/predictions/${encodeURIComponent(id)}">${escapeHtml(id)}</a>`,
    escapeHtml(`${model}:${label}`),
    `<code>${escapeHtml(code)}</code> ${escapeHtml(error)}`,
  ]);
  return table(title, ['failed (UTC)', 'prediction', 'version', 'why'], rows);
}

/**
 * On a phone each row is a list, in which a cell says the name of its column.
 * @param heads a column of numbers begins with #
 * @param rows HTML of the cells; texts in it were escaped
 */
export function table(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = heads.map((text) => ({
    name: text.replace('#', ''),
    kind: text.startsWith('#') ? ' class="n"' : '',
  }));
  const head = columns.map(({ name, kind }) => `<th${kind}>${name}</th>`);
  const lines = rows.map((cells) => {
    const line = columns.map(({ name, kind }, i) => `<td${kind} data-name="${name}">${cells[i] ?? ''}</td>`);
    return `<tr>${line.join('')}</tr>`;
  });
  return `<h2>${title}</h2>
<table>
<thead><tr>${head.join('')}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody>
</table>
`;
}

/** @param at RFC 3339, in UTC */
export function moment(at: string, length: 'minutes' | 'seconds' | 'milliseconds' = 'seconds'): string {
  return `<time>${at.replace('T', ' ').slice(0, { minutes: 16, seconds: 19, milliseconds: 23 }[length])}</time>`;
}

function seconds(value: number | null): string {
  if (value === null) return '-';
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 120) return `${value.toFixed(0)} s`;
  return value < 7_200 ? `${(value / 60).toFixed(0)} min` : `${(value / 3_600).toFixed(1)} h`;
}

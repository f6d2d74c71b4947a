/** The operator's first page: is it the clients, the queue, the workers, Redis, or a model? */
import type { FailureStatus, FleetStatus, ModelStatus, WorkerStatus } from './fleet-status.js';
import { escapeHtml, htmlOf } from './page.js';

/** Puts a fresh copy of the page's numbers in the place of the old ones; without a script a reload does. */
export const LIVE_SCRIPT = `
const main = document.querySelector('main');
async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main');
    main.innerHTML = fresh.innerHTML;
  } catch {
    const note = document.getElementById('age');
    if (note) { note.textContent = 'These numbers are old: the API does not answer.'; note.className = 'bad'; }
  }
}
setInterval(() => { if (!document.hidden) refresh(); }, 2000);
`;

export interface StatusPageOptions {
  /** Keys are off: everybody who reaches the port sees this. */
  readonly isOpen: boolean;
  /** Null where nobody has signed in. */
  readonly operator: string | null;
}

export function statusPage(status: FleetStatus, options: StatusPageOptions): string {
  const main = `${banners(status, options)}<h1>Millrace</h1>
<p id="age" class="quiet">${escapeHtml(status.version)} (${escapeHtml(status.commit.slice(0, 12))}), as of
${new Date().toISOString().slice(11, 19)} UTC</p>
${modelTable(status.models)}
${workerTable(status.workers)}
${redisLine(status)}
${deliveryLine(status)}
${failureTable(status.last_failures)}
`;
  return htmlOf({ title: 'Status', nav: opsNav(options), main, isWide: true, script: LIVE_SCRIPT });
}

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
  return links.join('') + out;
}

export const OPEN_BANNER =
  '<p class="banner">Keys are off (<code>AUTH=off</code>): everybody who reaches this port can see and do all of this.</p>\n';

function banners({ degraded, redis }: FleetStatus, { isOpen }: StatusPageOptions): string {
  const away = redis.up ? [] : ['Redis is away: nothing is accepted.'];
  const lines = [...away, ...degraded].map((line) => `<p class="banner" role="status">${escapeHtml(line)}</p>\n`);
  return (isOpen ? OPEN_BANNER : '') + lines.join('');
}

function modelTable(models: readonly ModelStatus[]): string {
  const rows = models.map((one) => [
    cell(`<a href="/ops/queues/queue/${encodeURIComponent(one.model)}">${escapeHtml(one.model)}</a>`),
    cell(escapeHtml(one.version_label)),
    cell(switchedTo(one)),
    number(one.waiting.normal),
    number(one.waiting.low),
    number(one.running),
    cell(seconds(one.oldest_waiting), 'n'),
    cell(one.rate >= 10 ? one.rate.toFixed(0) : one.rate.toFixed(1), 'n'),
    cell(seconds(one.time_to_drain), 'n'),
    cell(one.workers === 0 ? '<span class="bad">0</span>' : String(one.workers), 'n'),
    cell(String(one.executors), 'n'),
    cell(one.dead_letters === 0 ? '0' : `<a class="warn" href="/ops/failed">${one.dead_letters}</a>`, 'n'),
  ]);
  const heads = ['model', 'version', 'state', '#waiting', '#in batches', '#running', '#oldest waits', '#a second'];
  return table('Queues', [...heads, '#time to drain', '#workers', '#executors', '#failed'], rows);
}

function switchedTo({ state, state_since: since, state_by: by }: ModelStatus): string {
  if (state === 'running') return state;
  const when = since === null ? '' : ` since ${since.replace('T', ' ').slice(0, 16)}`;
  return `<span class="warn">${state}</span>${escapeHtml(when + (by === null ? '' : ` by ${by}`))}`;
}

function workerTable(workers: readonly WorkerStatus[]): string {
  if (workers.length === 0) return '<h2>Workers</h2>\n<p class="bad">No worker lives: what is accepted waits.</p>\n';
  const rows = workers.map(({ host, pid, models, executors, started_at: startedAt }) => [
    cell(escapeHtml(host)),
    cell(String(pid), 'n'),
    cell(`${executors.busy} of ${executors.ready} busy`),
    cell(escapeHtml(models.join(', '))),
    cell(startedAt.replace('T', ' ').slice(0, 19)),
  ]);
  return table('Workers', ['host', '#pid', 'executors', 'has loaded', 'since (UTC)'], rows);
}

function redisLine({ redis }: FleetStatus): string {
  const share = `${(redis.memory_share * 100).toFixed(0)} %`;
  const memory = redis.memory_share >= 0.8 ? `<span class="bad">${share}</span>` : share;
  const state = redis.up ? '<span class="good">up</span>' : '<span class="bad">away</span>';
  return `<h2>Redis</h2>\n<p>${state}, ${memory} of its memory, ${(redis.round_trip * 1_000).toFixed(1)} ms there and back</p>\n`;
}

function deliveryLine({ deliveries }: FleetStatus): string {
  const { endpoints_owed: owed, endpoints_broken: broken, oldest_due: due, dead_letters: dead } = deliveries;
  const late = due > 60 ? ` <span class="warn">The oldest is due since ${seconds(due)}.</span>` : '';
  return `<h2>Webhooks</h2>
<p>${owed} endpoints are owed deliveries, ${broken} fail and get one try at a time, ${dead} dead letters.${late}</p>
`;
}

export function failureTable(failures: readonly FailureStatus[], title = 'Last failures'): string {
  if (failures.length === 0) return `<h2>${title}</h2>\n<p>No prediction that failed for good is kept.</p>\n`;
  const rows = failures.map(({ id, model, version_label: label, error_code: code, error, failed_at: at }) => [
    cell(at.replace('T', ' ').slice(0, 19)),
    cell(`<a href="/ops/predictions/${encodeURIComponent(id)}">${escapeHtml(id)}</a>`),
    cell(escapeHtml(`${model}:${label}`)),
    cell(`<code>${escapeHtml(code)}</code> ${escapeHtml(error)}`),
  ]);
  return table(title, ['failed (UTC)', 'prediction', 'version', 'why'], rows);
}

/** @param heads a column of numbers begins with # */
export function table(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => (text.startsWith('#') ? `<th class="n">${text.slice(1)}</th>` : `<th>${text}</th>`));
  const body = rows.map((cells) => `<tr>${cells.join('')}</tr>`).join('\n');
  return `<h2>${title}</h2>\n<table>\n<thead><tr>${head.join('')}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>\n`;
}

/** @param html texts in it were escaped */
export function cell(html: string, kind?: 'n'): string {
  return kind === undefined ? `<td>${html}</td>` : `<td class="n">${html}</td>`;
}

function number(value: number): string {
  return cell(value.toLocaleString('en-US'), 'n');
}

function seconds(value: number | null): string {
  if (value === null) return '-';
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 120) return `${value.toFixed(0)} s`;
  return value < 7_200 ? `${(value / 60).toFixed(0)} min` : `${(value / 3_600).toFixed(1)} h`;
}

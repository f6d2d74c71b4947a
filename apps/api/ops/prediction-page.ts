/** One prediction for an operator: what is known of it, its story, and a button where it can be put back. */
import type { Feature } from '#domain/model-version';
import type { Prediction } from '#domain/prediction';
import { escapeHtml, htmlOf } from './page.js';
import {
  moment,
  OPEN_BANNER,
  opsNav,
  type StatusPageOptions,
  type SwitchStatus,
  switchedTo,
  table,
} from './status-page.js';
import type { TimelineStep } from './timeline.js';

export interface PredictionPageOptions extends StatusPageOptions {
  /** Of its version; null where this process does not have it, and then no value of its input is shown. */
  readonly features: readonly Feature[] | null;
  readonly timeline: readonly TimelineStep[];
  /** Why it does not run; null where nothing holds it. */
  readonly held: string | null;
  /** State of its model; undefined where that is not here any more. */
  readonly model: SwitchStatus | undefined;
}

const LONGEST_VALUE = 200;

export function predictionPage({ submission, standing }: Prediction, options: PredictionPageOptions): string {
  const { id, ownId, model, versionLabel, client } = submission;
  const whose = ownId === null ? client : `${client}, which calls it ${ownId}`;
  const { status, failure } = standing;
  const main = `${options.isOpen ? OPEN_BANNER : ''}<h1>Prediction</h1>
<p><code>${escapeHtml(id)}</code> of ${escapeHtml(`${model}:${versionLabel}`)} for ${escapeHtml(whose)}:
<strong class="${status === 'failed' ? 'bad' : ''}">${status}</strong></p>
${holdBanner(model, options)}${retryOf(submission.metadata?.['retry_of'])}${failure === null ? '' : `<p><code>${escapeHtml(failure.code)}</code> ${escapeHtml(failure.message)}</p>\n`}${status === 'failed' ? putBackForm(id) : ''}${timelineTable(options.timeline)}${inputTable(submission.input, options.features)}`;
  return htmlOf({ title: `Prediction ${id}`, nav: opsNav(options), main, isWide: true });
}

function holdBanner(name: string, { held, model }: PredictionPageOptions): string {
  if (held !== null) return `<p class="banner" role="status">${escapeHtml(held)}</p>\n`;
  if (model === undefined || model.state === 'running') return '';
  return `<p class="banner" role="status">${escapeHtml(name)}: ${switchedTo(model)}.</p>\n`;
}

function retryOf(id: string | undefined): string {
  // A client may say this as well: it is text until the page behind it is asked for.
  if (id === undefined) return '';
  return `<p>Put back from <a href="/ops/predictions/${encodeURIComponent(id)}">${escapeHtml(id)}</a>.</p>\n`;
}

function putBackForm(id: string): string {
  return `<form method="post" action="/ops/predictions/${encodeURIComponent(id)}/put-back">
<button type="submit">Put back</button>
<p class="quiet">Makes a new prediction with the same input, for the same client and its webhook. This one stays failed.</p>
</form>
`;
}

function timelineTable(steps: readonly TimelineStep[]): string {
  const rows = steps.map(({ at, step, detail }) => [
    at === null ? '' : moment(at, 'milliseconds'),
    step,
    escapeHtml(detail),
  ]);
  return table('Its story', ['when (UTC)', 'what', 'how'], rows);
}

/** A value that its manifest calls sensitive is nobody's business here. */
function inputTable(input: Readonly<Record<string, unknown>>, features: readonly Feature[] | null): string {
  if (features === null) return '<h2>Input</h2>\n<p>Not shown: its version is no longer served here.</p>\n';
  const rows = features.map(({ name, unit, sensitive }) => [
    escapeHtml(name),
    sensitive ? '<span class="quiet">sensitive, not shown</span>' : escapeHtml(shortened(input[name])),
    escapeHtml(unit ?? ''),
  ]);
  return table('Input', ['name', 'value', 'unit'], rows);
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return 'missing';
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}... (${text.length} characters)`;
}

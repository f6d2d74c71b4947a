/** One prediction for an operator: what is known of it, its story, and a button where it can be put back. */
import type { Feature } from '#domain/model-version';
import type { Prediction } from '#domain/prediction';
import { escapeHtml, htmlOf } from './page.js';
import { cell, OPEN_BANNER, opsNav, type StatusPageOptions, table } from './status-page.js';
import type { TimelineStep } from './timeline.js';

export interface PredictionPageOptions extends StatusPageOptions {
  /** Of its version; null where this process does not have it, and then no value of its input is shown. */
  readonly features: readonly Feature[] | null;
  readonly timeline: readonly TimelineStep[];
}

const LONGEST_VALUE = 200;

export function predictionPage({ submission, standing }: Prediction, options: PredictionPageOptions): string {
  const { id, model, versionLabel, client } = submission;
  const { status, failure } = standing;
  const main = `${options.isOpen ? OPEN_BANNER : ''}<h1>Prediction</h1>
<p><code>${escapeHtml(id)}</code> of ${escapeHtml(`${model}:${versionLabel}`)} for ${escapeHtml(client)}:
<strong class="${status === 'failed' ? 'bad' : ''}">${status}</strong></p>
${failure === null ? '' : `<p><code>${escapeHtml(failure.code)}</code> ${escapeHtml(failure.message)}</p>\n`}${status === 'failed' ? putBackForm(id) : ''}${timelineTable(options.timeline)}${inputTable(submission.input, options.features)}`;
  return htmlOf({ title: `Prediction ${id}`, nav: opsNav(options), main, isWide: true });
}

function putBackForm(id: string): string {
  return `<form method="post" action="/ops/predictions/${encodeURIComponent(id)}/put-back">
<button type="submit">Put back</button>
<p class="quiet">Makes a new prediction of the same input, for the same client and its webhook. This one stays failed.</p>
</form>
`;
}

function timelineTable(steps: readonly TimelineStep[]): string {
  const rows = steps.map(({ at, step, detail }) => [
    cell(at === null ? '' : at.replace('T', ' ').slice(0, 23)),
    cell(step),
    cell(escapeHtml(detail)),
  ]);
  return table('Its story', ['when (UTC)', 'what', ''], rows);
}

/** A value that its manifest calls sensitive is nobody's business here. */
function inputTable(input: Readonly<Record<string, unknown>>, features: readonly Feature[] | null): string {
  if (features === null) return '<h2>Input</h2>\n<p>Not shown: its version is not served here any more.</p>\n';
  const rows = features.map(({ name, unit, sensitive }) => [
    cell(escapeHtml(name)),
    cell(sensitive ? '<span class="quiet">sensitive, not shown</span>' : escapeHtml(shortened(input[name]))),
    cell(escapeHtml(unit ?? '')),
  ]);
  return table('Input', ['name', 'value', 'unit'], rows);
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return 'missing';
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}... (${text.length} characters)`;
}

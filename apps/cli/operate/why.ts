/** `millrace why`: the story of one prediction. */
import type { Timeline } from '#client/operator-client';
import { renderTable } from '../table.js';
import type { Target } from '../target.js';
import { operatorOf } from './operator.js';

export async function why(target: Target, id: string, asJson: boolean): Promise<void> {
  const timeline = await operatorOf(target).timeline(id);
  console.log(asJson ? JSON.stringify(timeline) : describeTimeline(timeline));
}

function describeTimeline(timeline: Timeline): string {
  const { id, model, version_label: label, client, status, error_code: code, error, held, steps } = timeline;
  const rows = steps.map(({ at, step, detail }) => [at?.replace('T', ' ').slice(0, 23) ?? '', step, detail]);
  return [
    `${id} of ${model}:${label} for ${client}: ${status}`,
    ...(code === null ? [] : [`${code}: ${error ?? ''}`]),
    ...(held === null ? [] : [held]),
    '',
    renderTable(['when (UTC)', 'what', ''], rows),
  ].join('\n');
}

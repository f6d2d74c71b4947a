/** `millrace models`: the catalogue of a fleet. */
import type { Model, ModelFeature } from '#client/millrace-client';
import { shellQuote } from './answer.js';
import { renderTable } from './table.js';
import { clientOf, type Target } from './target.js';

export async function listModels(target: Target, asJson: boolean): Promise<void> {
  const models = await clientOf(target).models();
  if (asJson) return console.log(JSON.stringify(models));
  const rows = models.map(({ owner, name, latest_version: latest, task, title }) => [
    `${owner}/${name}`,
    latest.label,
    task,
    title,
  ]);
  console.log(renderTable(['model', 'version', 'task', 'title'], rows));
}

export async function showModel(target: Target, name: string, asJson: boolean): Promise<void> {
  const model = await clientOf(target).model(name);
  console.log(asJson ? JSON.stringify(model) : describe(model));
}

function describe(model: Model): string {
  const { latest_version: latest } = model;
  const inputs = latest.inputs ?? [];
  const rows = inputs.map((feature) => [feature.name, ruleOf(feature), feature.unit ?? '', feature.description ?? '']);
  const scores = Object.entries(latest.evaluation ?? {}).map(([metric, value]) => `  ${metric}: ${value}`);
  const input = JSON.stringify(latest.example?.input ?? {});
  return [
    `${model.owner}/${model.name} ${latest.label}: ${model.title}`,
    model.description,
    '',
    renderTable(['input', 'values', 'unit', 'meaning'], rows),
    '',
    'Evaluation',
    ...scores,
    '',
    'Try it',
    `  npx millrace predict --model ${model.name} --input ${shellQuote(input)}`,
  ].join('\n');
}

function ruleOf({ type, minimum, maximum, categories, shape, nullable }: ModelFeature): string {
  const values =
    categories?.join(' | ') ?? `${type}${minimum === undefined ? '' : ` ${minimum} to ${maximum ?? '...'}`}`;
  return `${shape === undefined ? '' : `${shape.join(' x ')} x `}${values}${nullable === true ? ' or null' : ''}`;
}

/** What a runbook tells somebody to type exists: commands of Millrace, npm scripts, files, settings, metrics, pages. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '#config/settings';
import { call } from '#testing/http';
import { predict, post, IRIS } from '#testing/predictions';
import { fleetFor } from '../stage.js';

const root = projectRoot();
const folder = path.join(root, 'docs', 'runbooks');
const pages = readdirSync(folder).map((file) => ({ file, text: readFileSync(path.join(folder, file), 'utf8') }));
const SYMPTOMS = pages.filter(({ file }) => !['README.md', 'after.md', 'drill.md'].includes(file));

/** All that a person may type: blocks of sh, and words in backticks. */
const typed = (text: string): string =>
  [...text.matchAll(/```sh\n([\s\S]*?)```|`([^`\n]+)`/g)].map((m) => m[1] ?? m[2]).join('\n');
const blocks = (text: string): string => [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map((m) => m[1]).join('\n');

/** Every program that a step begins with. */
const PROGRAMS = [
  'curl',
  'redis-cli',
  'npx',
  'grep',
  'ps',
  'timeout',
  'node',
  'export',
  'mkdir',
  'free',
  'df',
  'time',
  'date',
  'uptime',
  'nproc',
  'sha256sum',
  'for',
  'done',
  'head',
  'tail',
  'sort',
  'uniq',
  'cp',
];

/** Metrics that pages name and no process exports yet. */
const PENDING: readonly string[] = [];

it.each(SYMPTOMS.map(({ file, text }) => [file, text]))('%s has all that a page has, in order', (_, text) => {
  const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  const order = [
    'What it means',
    'Is anyone hurt',
    'First steps',
    'Where to look',
    'Roll back when',
    'Wake somebody when',
  ];
  expect(headings).toEqual(order);
  expect(text).toMatch(/\]\(README\.md#before-the-first-command\)/);
  expect(text.length).toBeLessThan(4_500);
});

it.each(pages.map(({ file, text }) => [file, text]))('%s: its commands, scripts and files exist', (_, text) => {
  const help = new Map<string, string>();
  for (const [, command = '', second = ''] of typed(text).matchAll(/npx millrace ([\w-]+)(?: (\w+))?/g)) {
    const words = ['models', 'keys', 'dead-letters'].includes(command) ? [command, second] : [command];
    const key = words.join(' ');
    if (!help.has(key)) help.set(key, helpOf(words));
    expect(help.get(key)).toContain(`Usage: millrace ${key}`);
    for (const [, option] of typed(text).matchAll(new RegExp(`npx millrace ${command}[^\\n]*?(--[a-z]+)`, 'g'))) {
      expect(help.get(key)).toContain(option);
    }
  }
  const scripts = (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts;
  for (const [, script = ''] of typed(text).matchAll(/npm (?:run )?(start|test|(?<=run )\S+)/g)) {
    expect(Object.keys(scripts)).toContain(script);
  }
  for (const [file = ''] of typed(text).matchAll(/\b(?:dist|models|docs|deploy|apps|libs)\/[\w./-]+\.\w+/g)) {
    const source = file.startsWith('dist/') ? file.replace('dist/', '').replace(/\.js$/, '.ts') : file;
    expect([file, existsSync(path.join(root, source))]).toEqual([file, true]);
  }
});

function helpOf(words: readonly string[]): string {
  return execFileSync(process.execPath, [path.join(root, 'dist/apps/cli/main.js'), ...words, '--help'], {
    encoding: 'utf8',
  });
}

it('steps begin with programs that are on every machine of a fleet', () => {
  const lines = SYMPTOMS.flatMap(({ text }) => blocks(text).replace(/\\\n/g, ' ').split('\n')).map((line) =>
    line.trim(),
  );
  const first = new Set(
    lines.filter((line) => line !== '').flatMap((line) => /^(?:[A-Z_]+=\S+ )*([\w-]+)/.exec(line)?.[1] ?? []),
  );
  expect([...first].filter((program) => !PROGRAMS.includes(program))).toEqual([]);
});

it('no step destroys what was accepted', () => {
  for (const { file, text } of pages) {
    expect([file, /flush(all|db)|\bdel\b|unlink|obliterate|shutdown nosave/i.exec(blocks(text))]).toEqual([file, null]);
    expect([file, /config set maxmemory-policy (?!noeviction)/.exec(text)]).toEqual([file, null]);
  }
});

it('settings are those of .env.example', () => {
  const known = readFileSync(path.join(root, '.env.example'), 'utf8');
  const named = [
    'MAX_QUEUE_DEPTH',
    'RESULT_TTL_SECONDS',
    'REDIS_MEMORY_MARK',
    'OPS_PORT',
    'MODELS_DIR',
    'WORKER_MODELS',
    'EXECUTORS',
    'WORKERS',
    'REDIS_PREFIX',
  ];
  const text = pages.map((page) => page.text).join('\n');
  for (const name of named)
    expect([name, text.includes(name), known.includes(`#${name}=`)]).toEqual([name, true, true]);
});

describe('metrics that pages name', () => {
  const fleet = fleetFor('file');
  let exported = '';

  beforeAll(async () => {
    const { api, worker } = await fleet.pair();
    const courier = await fleet.courier();
    await predict(api, IRIS);
    await post(api, { ...IRIS, input: {} });
    for (const { opsUrl } of [api, worker, courier]) exported += (await call('GET', `${opsUrl}/metrics`)).text;
  });

  it('are exported, or on the list of those to come', () => {
    for (const { file, text } of SYMPTOMS) {
      for (const [name] of text.matchAll(/\b(?:millrace|nodejs)_[a-z0-9_]*[a-z0-9]\b(?!_)/g)) {
        const isKnown = new RegExp(`^# TYPE ${name}`, 'm').test(exported) || PENDING.includes(name);
        expect([file, name, isKnown]).toEqual([file, name, true]);
      }
    }
  });
});

/** What the pages of the project lead to is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '#config/settings';

const LINK = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g;

/** Not ours, or made. */
const FOREIGN = /^(node_modules|dist|coverage|\..*)$/;

const pages = readdirSync(projectRoot(), { withFileTypes: true })
  .filter(({ name }) => !FOREIGN.test(name))
  .flatMap((entry) => (entry.isDirectory() ? pathsBelow(entry.name) : [entry.name]))
  .filter((name) => name.endsWith('.md'));

function pathsBelow(name: string): string[] {
  const below = readdirSync(path.join(projectRoot(), name), { recursive: true, encoding: 'utf8' });
  return below.map((file) => path.join(name, file)).filter((file) => !file.includes('node_modules'));
}

it('finds the pages', () => expect(pages).toContain('README.md'));

it.each(pages)('%s names no file that is not there', (page) => {
  const text = readFileSync(path.join(projectRoot(), page), 'utf8');
  const targets = [...text.matchAll(LINK)].map(([, target = '']) => target).filter((target) => !/^\w+:/.test(target));
  const folder = path.join(projectRoot(), path.dirname(page));
  expect(targets.filter((target) => !existsSync(path.join(folder, target)))).toEqual([]);
});

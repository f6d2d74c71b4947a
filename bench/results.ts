/** `--write`: the report and the plots into `results/`, report and tables into README.md. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from '#config/settings';
import type { ProfileRow } from './load-profile.js';
import { renderPlot } from './profile-plot.js';
import { renderProfile } from './profile-table.js';
import { plotRates, type RateRow, renderRates } from './rate-profile.js';

/** What becomes a table and a plot; empty where it was not measured. */
export interface Plotted {
  readonly profile: readonly ProfileRow[];
  readonly rates: readonly RateRow[];
}

/** @param report what was printed, without the tables of what is plotted */
export async function writeResults(report: string, { profile, rates }: Plotted): Promise<string> {
  const folder = path.join(projectRoot(), 'bench');
  await mkdir(path.join(folder, 'results'), { recursive: true });
  await writeFile(path.join(folder, 'results', 'report.txt'), `${report}\n`);
  let readme = await readFile(path.join(folder, 'README.md'), 'utf8');
  readme = between(readme, 'report', `\`\`\`text\n${report}\n\`\`\``);
  if (profile.length > 0) {
    await writeFile(path.join(folder, 'results', 'profile.svg'), renderPlot(profile));
    readme = between(readme, 'profile', renderProfile(profile));
  }
  if (rates.length > 0) {
    await writeFile(path.join(folder, 'results', 'rates.svg'), plotRates(rates));
    readme = between(readme, 'rates', renderRates(rates));
  }
  await writeFile(path.join(folder, 'README.md'), readme);
  return folder;
}

/** Replaces what stands between `<!-- name:begin -->` and `<!-- name:end -->`. */
function between(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no place for the ${name}`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

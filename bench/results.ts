/** `--write`: what README.md embeds. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from '#config/settings';
import type { ProfileRow } from './load-profile.js';
import { renderPlot } from './profile-plot.js';
import { renderProfile } from './profile-table.js';

/** @param text the whole report, as it was printed */
export async function writeResults(text: string, profile: readonly ProfileRow[]): Promise<string> {
  const folder = path.join(projectRoot(), 'bench', 'results');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'report.txt'), `${text}\n`);
  if (profile.length > 0) {
    await writeFile(path.join(folder, 'profile.md'), `${renderProfile(profile)}\n`);
    await writeFile(path.join(folder, 'profile.svg'), renderPlot(profile));
  }
  return folder;
}

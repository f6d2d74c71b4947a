import { readFileSync } from 'node:fs';
import path from 'node:path';
import { projectRoot, type Settings } from './settings.js';

/** Which build this is: the version of package.json, and the commit that whoever built or started it knows. */
export function buildOf(settings: Pick<Settings, 'BUILD_COMMIT'>): { version: string; commit: string } {
  const text = readFileSync(path.join(projectRoot(), 'package.json'), 'utf8');
  return { version: (JSON.parse(text) as { version: string }).version, commit: settings.BUILD_COMMIT };
}

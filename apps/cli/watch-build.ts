/** `npm run dev`: the compiler stamps each build without errors; every stamp restarts the processes. */
import { watch } from 'node:fs';
import path from 'node:path';
import { projectRoot } from '#config/settings';
import type { Fleet } from './fleet.js';

const STAMP = '.millrace-build';
/** A stamp is written in more than one step, and saving several files builds more than once. */
const SETTLE_MS = 300;

/** @returns a function that ends the watching */
export function onRebuild(fleet: Fleet, say: (line: string) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let restarting = Promise.resolve();
  const watcher = watch(path.join(projectRoot(), 'dist'), (_event, file) => {
    if (file !== STAMP) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      say('Built: restarting the processes');
      restarting = restarting.then(() => fleet.restart());
    }, SETTLE_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}

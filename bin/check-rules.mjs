/**
 * `npm run check:rules`: what Prometheus and Alertmanager themselves say of deploy/. Their tools are the machine's own,
 * or fetched from the distribution into .millrace without installing anything.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { importBuilt, prepared } from './prepare.mjs';
import { root, workDir } from './step.mjs';

await prepared(async () => {
  const { findMonitoringTools, MonitoringToolsError } = await importBuilt('libs/process/monitoring-tools.js');
  try {
    const tools = await findMonitoringTools(path.join(workDir(), 'prometheus'), console.log);
    console.log(tools.source);
    process.exitCode = (await allPass(checks(tools))) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof MonitoringToolsError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
});

/** Tests first, since they last longest. Rules are checked a second time by themselves: the linter looks at them only there. */
function checks({ promtool, amtool }) {
  return [
    ...ymlOf('deploy/prometheus/tests').map((file) => [promtool, ['test', 'rules', file]]),
    [promtool, ['check', 'config', 'deploy/prometheus/prometheus.yml']],
    [promtool, ['check', 'rules', '--lint=all', '--lint-fatal', ...ymlOf('deploy/prometheus/rules')]],
    [amtool, ['check-config', 'deploy/alertmanager/alertmanager.yml']],
  ];
}

function ymlOf(folder) {
  const names = readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.yml'));
  return names.sort().map((name) => `${folder}/${name}`);
}

async function allPass(all) {
  const left = all.values();
  let failed = 0;
  const hand = async () => {
    for (const check of left) if (!(await passes(check))) failed += 1;
  };
  await Promise.all(Array.from({ length: availableParallelism() }, hand));
  return failed === 0;
}

/** Its words in one piece, whatever runs beside it. */
function passes([command, words]) {
  return new Promise((resolve) => {
    const child = spawn(command, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = `$ ${path.basename(command)} ${words.join(' ')}\n`;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    child.once('error', (error) => (said += error.message));
    child.once('close', (code) => {
      console.log(`\n${said.replace(/\n{2,}/g, '\n').trim()}`);
      resolve(code === 0);
    });
  });
}

/**
 * `npm run check:deploy`: the compose files against the compose schema, and every overlay of deploy/k8s built as kubectl
 * builds it. What is in them is tested in test/deploy.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { root } from './step.mjs';

const DCLINT = [process.execPath, path.join(root, 'node_modules', 'dclint', 'bin', 'dclint.cjs')];
const COMPOSE_FILES = readdirSync(root).filter((name) => /^docker-compose.*\.yml$/.test(name));
/** Either builds an overlay, offline. */
const BUILDERS = [
  ['kubectl', 'kustomize'],
  ['kustomize', 'build'],
];

const passed = [checkCompose(), ...buildOverlays()];
process.exitCode = passed.every(Boolean) ? 0 : 1;

function checkCompose() {
  const { status } = run([...DCLINT, '--max-warnings', '0', ...COMPOSE_FILES], 'inherit');
  console.log(`${COMPOSE_FILES.join(', ')}: ${status === 0 ? 'as the schema says' : 'not as the schema says'}`);
  return status === 0;
}

function buildOverlays() {
  const overlays = readdirSync(path.join(root, 'deploy/k8s/overlays')).map((name) => `deploy/k8s/overlays/${name}`);
  const builder = BUILDERS.find(
    (words) => run([words[0], words[0] === 'kubectl' ? 'kustomize' : 'version', '--help']).status === 0,
  );
  if (builder === undefined) {
    console.log(`${overlays.join(', ')}: NOT BUILT, neither kubectl nor kustomize is installed`);
    return [];
  }
  return overlays.map((overlay) => {
    const { status, stdout, stderr } = run([...builder, overlay]);
    const kinds = stdout.match(/^kind: /gm)?.length ?? 0;
    console.log(status === 0 ? `${overlay}: ${kinds} objects` : `${overlay}: ${stderr.trim()}`);
    return status === 0;
  });
}

function run([command, ...words], output = 'pipe') {
  return spawnSync(command, words, { cwd: root, encoding: 'utf8', stdio: ['ignore', output, output] });
}

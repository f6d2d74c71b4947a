/** `millrace`: the command line. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { projectRoot, readProcessSettings } from '#config/settings';
import { CliError } from './cli-error.js';
import { complain } from './complain.js';
import { addOperatorCommands } from './operate/commands.js';
import { baseUrl } from './own-address.js';
import type { Target } from './target.js';

/** Commands load what they need when they run: `--help` needs none of it. */
const program = new Command('millrace')
  .description('Queue-driven inference: start a fleet, ask it, inspect it, put it under load.')
  .version(ownVersion())
  // Options before a command are the program's, after it the command's: both have a --version.
  .enablePositionalOptions()
  .showHelpAfterError('(--help shows how)');

program
  .command('up')
  .description('start Redis where needed, the API and the workers, and keep them running')
  .addOption(new Option('--watch', 'restart on each build').default(false).hideHelp())
  .action(async (options: { watch: boolean }) => {
    const { up } = await import('./up.js');
    // eslint-disable-next-line no-restricted-properties -- handed on to the processes as it is; no setting is read here
    await up(readProcessSettings(), process.env, options);
  });

program
  .command('predict')
  .description('ask a model')
  .requiredOption('-m, --model <name>', 'model, e.g. iris')
  .requiredOption('-i, --input <json>', 'input as JSON, @file, or - for standard input')
  .option('-v, --version <label>', 'version of the model (default: the one that the fleet serves)')
  .addOption(urlOption())
  .option('--offline', 'run the model in this process: no fleet, no queue', false)
  .option('--json', 'print the answer as one line of JSON', false)
  .action(
    async (options: {
      model: string;
      input: string;
      version?: string;
      url?: string;
      offline: boolean;
      json: boolean;
    }) => {
      const { predict } = await import('./predict.js');
      await predict(options, targetOf(options), () => readProcessSettings().MODELS_DIR);
    },
  );

program
  .command('batch')
  .description('send a file of rows through a model, and write the answers to another')
  .argument('<file>', 'rows as .csv, .json (an array), .ndjson or .jsonl; each may be compressed: .csv.gz')
  .requiredOption('-m, --model <name>', 'model, e.g. iris')
  .requiredOption('-o, --out <file>', 'where the answers go: .csv, or .ndjson')
  .option('--reject', 'run nothing unless every row is valid (default: bad rows become error lines)', false)
  .option('--window <span>', 'rows that have not run within this time never do, e.g. 6h (default: 24h)')
  .addOption(urlOption())
  .action(
    async (file: string, options: { model: string; out: string; reject: boolean; window?: string; url?: string }) => {
      const { batch } = await import('./batch/batch.js');
      await batch(targetOf(options), { file, ...options });
    },
  );

program
  .command('listen')
  .description('receive webhooks on this machine, verify and print them')
  .option('-p, --port <n>', 'port to listen on (default: a free one)', portNumber, 0)
  .option('--json', 'print each as one line of JSON', false)
  .addOption(urlOption())
  .action(async (options: { port: number; json: boolean; url?: string }) => {
    const { listen } = await import('./listen.js');
    await listen(targetOf(options), options);
  });

const models = program.command('models').description('look at the models of a fleet');
models
  .command('list', { isDefault: true })
  .description('list the models')
  .addOption(urlOption())
  .option('--json', 'print JSON', false)
  .action(async (options: { url?: string; json: boolean }) => {
    const { listModels } = await import('./models.js');
    await listModels(targetOf(options), options.json);
  });
models
  .command('show <name>')
  .description('show a model: its inputs, what it answers, how good it is')
  .addOption(urlOption())
  .option('--json', 'print JSON', false)
  .action(async (name: string, options: { url?: string; json: boolean }) => {
    const { showModel } = await import('./models.js');
    await showModel(targetOf(options), name, options.json);
  });

const keys = program.command('keys').description('make, list, rotate and revoke API keys (needs one with scope admin)');
keys
  .command('create')
  .description('make a key and print it, only this once')
  .requiredOption('-c, --client <name>', 'whose key it is: lower-case letters, digits and dashes')
  .requiredOption('-s, --scopes <list>', 'predict, label, deploy, operate, admin; separated by commas', names)
  .option('-n, --name <text>', 'what it is for')
  .option('-e, --expires <time>', 'when it stops being valid, e.g. 2027-01-01T00:00:00Z')
  .addOption(urlOption())
  .option('--json', 'print JSON', false)
  .action(
    async (options: {
      client: string;
      scopes: string[];
      name?: string;
      expires?: string;
      url?: string;
      json: boolean;
    }) => {
      const { createKey } = await import('./keys.js');
      await createKey(targetOf(options), options);
    },
  );
keys
  .command('list', { isDefault: true })
  .description('list the keys')
  .addOption(urlOption())
  .option('--json', 'print JSON', false)
  .action(async (options: { url?: string; json: boolean }) => {
    const { listKeys } = await import('./keys.js');
    await listKeys(targetOf(options), options.json);
  });
keys
  .command('rotate <id>')
  .description('make a key that replaces another')
  .option('-o, --overlap <seconds>', 'how long the old one stays valid (default: a day)', seconds)
  .addOption(urlOption())
  .option('--json', 'print JSON', false)
  .action(async (id: string, options: { overlap?: number; url?: string; json: boolean }) => {
    const { rotateKey } = await import('./keys.js');
    await rotateKey(targetOf(options), id, { overlapSeconds: options.overlap, json: options.json });
  });
keys
  .command('revoke <id>')
  .description('revoke a key; every process refuses it within five seconds')
  .addOption(urlOption())
  .option('--json', 'print JSON', false)
  .action(async (id: string, options: { url?: string; json: boolean }) => {
    const { revokeKey } = await import('./keys.js');
    await revokeKey(targetOf(options), id, options.json);
  });
keys
  .command('generate')
  .description('print a key that no fleet knows yet, for BOOTSTRAP_KEY_FILE')
  .action(async () => {
    const { generateKey } = await import('./keys.js');
    generateKey();
  });

addOperatorCommands(program, { urlOption, targetOf });

program
  .command('load')
  .description('send predictions as fast as they are answered, and measure')
  .requiredOption('-m, --model <name>', 'model, e.g. iris')
  .option('-c, --connections <n>', 'connections, each with one request at a time', wholeNumber, 50)
  .option('-s, --seconds <n>', 'how long', wholeNumber, 10)
  .option('--wait', 'wait for each answer (Prefer: wait) instead of for its acceptance', false)
  .option('--invalid <share>', 'share of inputs that are made invalid, 0 to 1', share, 0)
  .addOption(urlOption())
  .option('--json', 'print the figures as JSON', false)
  .action(
    async (options: {
      model: string;
      connections: number;
      seconds: number;
      wait: boolean;
      invalid: number;
      url?: string;
      json: boolean;
    }) => {
      const { load } = await import('./load.js');
      await load({ ...options, ...targetOf(options) });
    },
  );

/** A reader that leaves (`| head`) has what it wanted; output that a full disk did not take is a failure. */
let lost: NodeJS.ErrnoException | null = null;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') lost ??= error;
});

try {
  await program.parseAsync();
  // A write that fails says so a turn later.
  await new Promise((resolve) => setImmediate(resolve));
  mustBeWritten(lost);
  process.exit();
} catch (error) {
  complain(error);
  process.exit(1);
}

/** @throws CliError */
function mustBeWritten(error: NodeJS.ErrnoException | null): void {
  if (error === null) return;
  throw new CliError(`The answer cannot be written (${error.code ?? error.message}).`, { cause: error });
}

function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(path.join(projectRoot(), 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

function urlOption(): Option {
  return new Option('--url <url>', 'the fleet (default: this machine, by HOST and PORT)');
}

/** The key comes from the environment: what stands on a command line, everybody on the machine can read. */
function targetOf({ url }: { url?: string }): Target {
  const { HOST, PORT, MILLRACE_API_KEY: key } = readProcessSettings();
  return { url: url ?? baseUrl(HOST, PORT), key: key ?? null };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1 upwards.');
  return value;
}

function portNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('It must be from 0 to 65535.');
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError('It must be a whole number of seconds.');
  return value;
}

function names(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('It must be from 0 to 1.');
  return value;
}

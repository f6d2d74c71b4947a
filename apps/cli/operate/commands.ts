/** The commands of operators: they need a key with the scope `operate`, as the pages at `/ops` do. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Target } from '../target.js';

/** What every command of `millrace` shares. */
export interface Shared {
  readonly urlOption: () => Option;
  readonly targetOf: (options: { url?: string }) => Target;
}

type Common = { url?: string; json: boolean };

export function addOperatorCommands(program: Command, shared: Shared): void {
  addLooks(program, shared);
  addSwitches(program, shared);
  addDeadLetters(program, shared);
}

function addLooks(program: Command, { urlOption, targetOf }: Shared): void {
  program
    .command('status')
    .description('show the fleet: queues, workers, what is switched off, what has failed (needs scope operate)')
    .addOption(urlOption())
    .addOption(jsonOption())
    .addHelpText('after', example('millrace status', 'MILLRACE_API_KEY=mr_live_... millrace status --json'))
    .action(async (options: Common) => {
      const { status } = await import('./status.js');
      await status(targetOf(options), options.json);
    });
  program
    .command('top')
    .description('the same as status, live: every second until q or Ctrl-C (needs scope operate)')
    .option('-n, --count <n>', 'stop after this many refreshes', wholeNumber)
    .addOption(urlOption())
    .addHelpText('after', example('millrace top', 'millrace top --count 5 > looks.txt'))
    .action(async (options: { url?: string; count?: number }) => {
      const { top } = await import('./top.js');
      await top(targetOf(options), options.count ?? null);
    });
  program
    .command('why <id>')
    .description('tell the story of a prediction: where it is, and why (needs scope operate)')
    .addOption(urlOption())
    .addOption(jsonOption())
    .addHelpText('after', example('millrace why p3f2ui0h7v...'))
    .action(async (id: string, options: Common) => {
      const { why } = await import('./why.js');
      await why(targetOf(options), id, options.json);
    });
}

function addSwitches(program: Command, { urlOption, targetOf }: Shared): void {
  const words = {
    pause: 'accept predictions of a model and let them wait (needs scope operate)',
    resume: 'end a pause or a drain of a model (needs scope operate)',
  } as const;
  for (const action of ['pause', 'resume'] as const) {
    program
      .command(`${action} <model>`)
      .description(words[action])
      .addOption(urlOption())
      .addOption(jsonOption())
      .addHelpText('after', example(`millrace ${action} iris`))
      .action(async (model: string, options: Common) => {
        const { switchModel } = await import('./switch.js');
        await switchModel(targetOf(options), model, action, options.json);
      });
  }
  program
    .command('drain <model>')
    .description('refuse new predictions of a model, and wait until what was accepted has run (needs scope operate)')
    .option('--no-wait', 'return at once')
    .addOption(urlOption())
    .addOption(jsonOption())
    .addHelpText('after', example('millrace drain iris', 'millrace drain iris --no-wait'))
    .addHelpText('after', '\nThe model stays drained until "millrace resume". Ctrl-C ends the waiting, not the drain.')
    .action(async (model: string, options: Common & { wait: boolean }) => {
      const { drain } = await import('./switch.js');
      await drain(targetOf(options), model, options);
    });
}

function addDeadLetters(program: Command, { urlOption, targetOf }: Shared): void {
  const dead = program
    .command('dead-letters')
    .description('list what failed for good, and put it back (needs scope operate)');
  dead
    .command('list', { isDefault: true })
    .description('list failed predictions of all clients, newest first')
    .option('-m, --model <name>', 'of this model only')
    .option('--webhooks', 'webhooks that were given up, instead of predictions', false)
    .addOption(new Option('-n, --limit <n>', 'at most this many').default(100).argParser(wholeNumber))
    .addOption(urlOption())
    .addOption(jsonOption())
    .addHelpText('after', example('millrace dead-letters list --model iris', 'millrace dead-letters list --webhooks'))
    .action(async (options: Common & { model?: string; webhooks: boolean; limit: number }) => {
      const { listDeadLetters } = await import('./dead-letters.js');
      await listDeadLetters(targetOf(options), options);
    });
  dead
    .command('redrive [ids...]')
    .description('run failed predictions again, as new ones; send webhooks again')
    .option('-a, --all', 'all that are kept; of predictions, only those of --model', false)
    .option('-m, --model <name>', 'with --all: of this model')
    .option('--webhooks', 'webhooks that were given up, instead of predictions', false)
    .addOption(urlOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      example('millrace dead-letters redrive p3f2ui0h7v...', 'millrace dead-letters redrive --all --model iris'),
    )
    .addHelpText('after', '\nThe failed ones stay failed. Repeating the command makes no second copy of a prediction.')
    .action(async (ids: string[], options: Common & { all: boolean; model?: string; webhooks: boolean }) => {
      const { redriveDeadLetters } = await import('./dead-letters.js');
      await redriveDeadLetters(targetOf(options), { ...options, ids });
    });
}

function jsonOption(): Option {
  return new Option('--json', 'print JSON').default(false);
}

function example(...lines: readonly string[]): string {
  return `\nFor example:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1 upwards.');
  return value;
}

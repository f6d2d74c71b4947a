/** How a command fails: one sentence for what a person can mend, a stack for a bug. */
import { MillraceError, MillraceUnreachableError } from '#client/millrace-client';
import { isForPeople } from '#process/for-people';

/** Pointers that stand for command-line arguments, not for places in a JSON body. */
const ARGUMENTS: ReadonlyMap<string, string> = new Map([
  ['/id', 'id'],
  ['/model', 'model'],
  ['/version', 'model or its version'],
]);

export function complain(error: unknown): void {
  for (const line of linesOf(error)) console.error(line);
}

export function linesOf(error: unknown): string[] {
  if (error instanceof MillraceUnreachableError) {
    return [`${error.message}: start a fleet with "npm start", or name another with --url.`];
  }
  if (!(error instanceof Error)) return [String(error)];
  if (error instanceof MillraceError) return linesOfProblem(error);
  return [isForPeople(error) ? error.message : (error.stack ?? error.message)];
}

/** A wrong input reads as it does offline; any other problem has said what is wrong in its detail. */
function linesOfProblem(error: MillraceError): string[] {
  const { errors = [] } = error.problem;
  const [first] = errors;
  if (first === undefined) return [messageAtTerminal(error)];
  const argument = ARGUMENTS.get(first.pointer);
  if (errors.length === 1 && argument !== undefined) return [`The ${argument} ${first.detail}`];
  if (!errors.every(({ pointer }) => pointer.startsWith('/input'))) return [error.message];
  return ['The input does not fit the model.', ...errors.map(({ pointer, detail }) => `  ${pointer} ${detail}`)];
}

/** What the service says is for callers over HTTP; at a terminal a key is given in another way. */
export function messageAtTerminal({ message, code }: MillraceError): string {
  return code === 'no_key'
    ? `${message} Set MILLRACE_API_KEY, or MILLRACE_API_KEY_FILE, to a key of this fleet.`
    : message;
}

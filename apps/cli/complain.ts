/** How a command fails: one sentence for what a person can mend, a stack for a bug. */
import { MillraceError, MillraceUnreachableError } from '#client/millrace-client';

/** Errors whose message was written for the person at the terminal. */
const FOR_PEOPLE = new Set([
  'CliError',
  'SettingsError',
  'RedisUnavailableError',
  'ModelIntegrityError',
  'MillraceError',
]);

export function complain(error: unknown): void {
  for (const line of linesOf(error)) console.error(line);
}

export function linesOf(error: unknown): string[] {
  if (error instanceof MillraceUnreachableError) {
    return [`${error.message}: start a fleet with "npm start", or name another with --url.`];
  }
  if (!(error instanceof Error)) return [String(error)];
  if (!FOR_PEOPLE.has(error.name)) return [error.stack ?? error.message];
  return error instanceof MillraceError ? linesOfProblem(error) : [error.message];
}

/** A wrong input reads as it does offline; any other problem has said what is wrong in its detail. */
function linesOfProblem({ message, problem: { errors = [] } }: MillraceError): string[] {
  if (errors.length === 0 || !errors.every(({ pointer }) => pointer.startsWith('/input'))) return [message];
  return ['The input does not fit the model.', ...errors.map(({ pointer, detail }) => `  ${pointer} ${detail}`)];
}

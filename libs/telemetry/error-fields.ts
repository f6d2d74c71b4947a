/**
 * An error as a part of a line. Its own fields may hold commands and addresses, and some messages repeat what was being
 * read: type, code and a message without that are enough.
 */
export interface ErrorFields {
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  /** The frames alone: the first line of a stack is the message. */
  readonly stack?: string;
}

/** Redis names the arguments of a command that it does not know: keys, inputs, outcomes. */
const ARGUMENTS = /,? with args beginning with:.*$/s;
const CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi;
const QUERY = /\b(https?:\/\/[^\s?"']*)\?[^\s"']*/gi;
/** What Redis answers begins with a word for programs: OOM, READONLY, NOAUTH. */
const REDIS_CODE = /^[A-Z]{2,20}(?= )/;
const FRAME = /^\s+at /;

export function errorFields(error: Error): ErrorFields {
  const code = codeOf(error);
  return { type: error.name, ...(code === null ? {} : { code }), message: messageOf(error) };
}

/** For what nobody expected. */
export function errorFieldsWithStack(error: unknown): ErrorFields {
  if (!(error instanceof Error)) return { type: typeof error, message: 'A value that is not an Error was thrown.' };
  const frames = (error.stack ?? '').split('\n').filter((line) => FRAME.test(line));
  return { ...errorFields(error), stack: frames.join('\n') };
}

/** @returns a word for programs, or null where the error has none */
export function codeOf(error: Error): string | null {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return error.name === 'ReplyError' ? (REDIS_CODE.exec(error.message)?.[0] ?? null) : null;
}

function messageOf(error: Error): string {
  // JSON.parse quotes the text.
  if (error instanceof SyntaxError) return 'The text could not be parsed.';
  return error.message.replace(ARGUMENTS, '').replace(CREDENTIALS, '$1').replace(QUERY, '$1');
}

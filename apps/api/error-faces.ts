/** Routes that speak another protocol put its errors beside ours, in one body: their clients find what they look for. */
import type { Problem } from '#contract/problem';

/** @returns the fields that a problem has more, at that path */
export function protocolFields(url: string, problem: Problem): object {
  if (isBelow(url, '/v2')) return { error: problem.detail };
  if (isBelow(url, '/openai/v1')) return { error: openAiError(problem) };
  return {};
}

function isBelow(url: string, root: string): boolean {
  return url.startsWith(root) && /^([/?#]|$)/.test(url.slice(root.length));
}

export interface OpenAiError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string;
}

export function openAiError({ status, detail, code, errors }: Problem): OpenAiError {
  return { message: detail, type: openAiType(status), param: errors?.[0]?.pointer ?? null, code };
}

function openAiType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

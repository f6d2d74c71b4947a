/**
 * The one door of the public API: who calls, and may they? It stands before the body is read, so that a stranger's
 * body never is.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Identified, KeyRing } from '#access/key-ring';
import { problem, ProblemError, tooManyRequests } from '#contract/problem';
import { allows, type Caller } from '#domain/key-record';
import { FailedAttempts } from './failed-attempts.js';
import type { KeyWatch } from './key-watch.js';
import type { Requirement } from './requires.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; set on every route but those that are open to all. */
    caller: Caller;
    /** Whether what the request came with would still be let in: a stream stays open for longer than some keys live. */
    isStillAdmitted: () => boolean;
  }
}

/** Every caller where keys are off: one client that may do everything. */
export const LOCAL_CALLER: Caller = { client: 'local', keyId: null, scopes: ['admin'] };

export interface Keys {
  readonly ring: KeyRing;
  readonly watch: KeyWatch;
  /** A key was used; called for every request. */
  readonly onUse: (keyId: string) => void;
}

type Refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;

/** @param keys null where keys are off */
export function guardRequests(server: FastifyInstance, keys: Keys | null, refuse: Refuse): void {
  const attempts = new FailedAttempts();
  server.decorateRequest('caller', null as unknown as Caller);
  server.decorateRequest('isStillAdmitted', always);
  server.addHook('onRequest', (request, reply, done) => {
    // A path without a route is answered with 404 to everybody.
    const requirement = request.is404 ? 'nothing' : (request.routeOptions.config.requires ?? null);
    if (requirement === 'nothing') return done();
    if (keys === null) {
      request.caller = LOCAL_CALLER;
      return done();
    }
    const admit = (caller: Caller): void => {
      requireScope(caller, requirement);
      request.caller = caller;
      if (caller.keyId !== null) keys.onUse(caller.keyId);
      done();
    };
    const refused = (error: unknown): void => refuse(counted(error, attempts, request), request, reply);
    try {
      const ask = credentialOf(request);
      if (request.routeOptions.config.takesToken === true) request.isStillAdmitted = () => mayStay(keys, ask);
      const caller = identify(keys, ask);
      if (caller !== null) return admit(caller);
      void lookAgain(keys, ask).then(admit).catch(refused);
    } catch (error) {
      refused(error);
    }
  });
}

/** Asks a ring who comes with what the request carries. */
type Credential = (ring: KeyRing) => Identified;

/** @throws ProblemError 401 where it carries nothing */
function credentialOf({ headers, query, params, routeOptions }: FastifyRequest): Credential {
  const { token } = query as Record<string, unknown>;
  if (routeOptions.config.takesToken === true && headers.authorization === undefined && typeof token === 'string') {
    const { id = '' } = params as { readonly id?: string };
    return (ring) => ring.identifyByToken(token, id, Date.now());
  }
  const text = bearerOf(headers.authorization);
  return (ring) => ring.identify(text, Date.now());
}

/** @returns null where another look may find the key */
function identify({ ring, watch }: Keys, ask: Credential): Caller | null {
  const found = ask(ring);
  if (found.kind === 'malformed') throw wrongKey();
  // A ring that may be out of date admits nobody.
  return found.kind === 'caller' && watch.isFresh ? found.caller : null;
}

/** While Redis is away nobody knows, and who reads stays. */
function mayStay({ ring, watch }: Keys, ask: Credential): boolean {
  return !watch.isFresh || ask(ring).kind === 'caller';
}

const always = (): boolean => true;

/** @throws QueueUnavailableError where Redis cannot be asked: whether the key is valid is unknown */
async function lookAgain(keys: Keys, ask: Credential): Promise<Caller> {
  await keys.watch.lookAgain();
  const caller = identify(keys, ask);
  if (caller === null) throw wrongKey();
  return caller;
}

function bearerOf(header: string | undefined): string {
  if (header === undefined)
    throw unauthorized('no_key', 'This route needs an API key: Authorization: Bearer mr_live_...');
  const match = /^Bearer +(\S+)$/i.exec(header);
  if (match?.[1] === undefined)
    throw unauthorized('no_key', 'The Authorization header must be: Bearer, a space, and the key.');
  return match[1];
}

function requireScope(caller: Caller, requirement: Requirement | null): void {
  if (requirement === 'key') return;
  // A route without a declaration never comes this far; if one did, nobody may call it.
  if (requirement !== null && requirement !== 'nothing' && allows(caller, requirement)) return;
  const detail = `This route needs a key with the scope ${requirement ?? 'of an operator'}.`;
  throw new ProblemError(problem(403, 'missing_scope', detail));
}

const CHALLENGE = 'Bearer realm="millrace"';

class WrongKeyError extends ProblemError {}

function wrongKey(): ProblemError {
  const detail = 'The API key is not valid: it is unknown, has expired, or was revoked.';
  return new WrongKeyError(problem(401, 'invalid_key', detail), {
    'www-authenticate': `${CHALLENGE}, error="invalid_token"`,
  });
}

function unauthorized(code: string, detail: string): ProblemError {
  return new ProblemError(problem(401, code, detail), { 'www-authenticate': CHALLENGE });
}

function counted(error: unknown, attempts: FailedAttempts, request: FastifyRequest): unknown {
  if (!(error instanceof WrongKeyError)) return error;
  const waitS = attempts.note(request.ip, Date.now());
  return waitS === null ? error : tooManyRequests('too_many_wrong_keys', 'Too many requests with wrong keys.', waitS);
}

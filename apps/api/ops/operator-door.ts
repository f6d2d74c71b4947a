/**
 * Who may look at the operations port of the API: closed by default. Open are the pages that say nothing of clients, and
 * the way to sign in; everything else, also a path that nobody serves, answers 401 without an operator.
 *
 * What is open is said by the pattern of the route that the router has found, not by the path that was sent, so that no
 * spelling of a path can pass by it.
 */
import cookie from '@fastify/cookie';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { admitSession, newSession, SESSION_MS } from '#access/operator-session';
import { allows, type Caller } from '#domain/key-record';
import type { Logger } from '#telemetry/logger';
import { FailedAttempts } from '../access/failed-attempts.js';
import { type Keys, LOCAL_CALLER } from '../access/guard.js';
import { pageHeaders, pagePolicy } from './page.js';
import { signInPage } from './sign-in-page.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who looks; set on every route of the operations port but the open ones. */
    operator: Caller | null;
  }
}

const SIGN_IN_PATH = '/ops/sign-in';
const SIGN_OUT_PATH = '/ops/sign-out';

const OPEN: ReadonlySet<string> = new Set([
  '/health',
  '/ready',
  '/metrics',
  '/ops/runbooks',
  '/ops/runbooks/',
  '/ops/runbooks/:page',
  SIGN_IN_PATH,
]);

const COOKIE = 'millrace_operator';
const POLICY = pagePolicy({ hasForms: true });
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const MOST_FORM_BYTES = 4_096;

export interface OperatorDoor {
  /** Null where keys are off: then everybody who reaches the port is an operator. */
  readonly keys: Keys | null;
  readonly logger: Logger;
}

/** Call it before any route is registered. */
export async function mountOperatorDoor(app: NestFastifyApplication, { keys, logger }: OperatorDoor): Promise<void> {
  const server: FastifyInstance = app.getHttpAdapter().getInstance();
  const attempts = new FailedAttempts();
  await server.register(cookie);
  server.decorateRequest('operator', null);
  server.addHook('onRequest', async (request, reply) => {
    if (!SAFE_METHODS.has(request.method) && isForeign(request)) {
      return sendPage(reply, 403, signInPage({ complaint: 'This was sent by another site, and nothing was done.' }));
    }
    if (!request.is404 && OPEN.has(request.routeOptions.url ?? '')) return;
    request.operator = keys === null ? LOCAL_CALLER : operatorOf(keys, request);
    if (request.operator !== null) return;
    return sendPage(reply, 401, signInPage({ next: wantedPage(request) }));
  });

  server.get(SIGN_IN_PATH, (request, reply) => sendPage(reply, 200, signInPage({ next: nextOf(request.query) })));
  // Nest reads forms by itself, where it has not been told otherwise.
  server.post(SIGN_IN_PATH, { bodyLimit: MOST_FORM_BYTES }, async (request, reply) => {
    const next = nextOf(request.body);
    if (keys === null) return reply.redirect(next, 303);
    const text = fieldOf(request.body, 'key').trim();
    // A key that was made a moment ago may be news to this process.
    if (keys.ring.identify(text, Date.now()).kind === 'unknown') {
      const hasLooked = await keys.watch.lookAgain().then(
        () => true,
        () => false,
      );
      const complaint = 'Redis does not answer: whether the key is valid is unknown. Try again in a moment.';
      if (!hasLooked) return sendPage(reply, 503, signInPage({ next, complaint }));
    }
    const found = keys.ring.identify(text, Date.now());
    const record = found.kind === 'caller' ? keys.ring.get(found.caller.keyId ?? '') : undefined;
    if (record === undefined) {
      const waitS = attempts.note(request.ip, Date.now());
      const complaint = 'The key is not valid: it is unknown, has expired, or was revoked.';
      if (waitS === null) return sendPage(reply, 401, signInPage({ next, complaint }));
      reply.header('retry-after', String(waitS));
      return sendPage(reply, 429, signInPage({ next, complaint: 'Too many wrong keys. Wait a minute.' }));
    }
    if (!allows(record, 'operate')) {
      return sendPage(reply, 403, signInPage({ next, complaint: 'The key lacks the scope operate.' }));
    }
    logger.info({ key: record.id, client: record.client }, 'an operator signed in');
    keys.onUse(record.id);
    reply.setCookie(COOKIE, newSession(record, Date.now()), {
      path: '/ops',
      httpOnly: true,
      sameSite: 'strict',
      secure: request.protocol === 'https',
      maxAge: SESSION_MS / 1_000,
    });
    return reply.redirect(next, 303);
  });
  server.post(SIGN_OUT_PATH, (_request, reply) =>
    reply.clearCookie(COOKIE, { path: '/ops' }).redirect(SIGN_IN_PATH, 303),
  );
}

/** A browser by its cookie, a program by its key. */
function operatorOf({ ring, watch }: Keys, request: FastifyRequest): Caller | null {
  // A ring that may be out of date admits nobody.
  if (!watch.isFresh) return null;
  const session = request.cookies[COOKIE];
  const bySession = session === undefined ? null : admitSession(ring, session, Date.now());
  if (bySession !== null) return bySession;
  const [, text] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const found = text === undefined ? null : ring.identify(text, Date.now());
  return found?.kind === 'caller' && allows(found.caller, 'operate') ? found.caller : null;
}

/** A form of another site would carry the cookie of a browser that knows no SameSite; every browser names the origin. */
function isForeign({ headers: { origin, host } }: FastifyRequest): boolean {
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

function wantedPage(request: FastifyRequest): string {
  return request.method === 'GET' ? localPath(request.url) : '/ops';
}

function nextOf(fields: unknown): string {
  return localPath(fieldOf(fields, 'next'));
}

/** Never leads anywhere else: only pages below `/ops`, and none that a browser reads as another host. */
function localPath(path: string): string {
  return /^\/ops(\/[\w./?=&-]*)?$/.test(path) && !path.startsWith(SIGN_IN_PATH) ? path : '/ops';
}

function fieldOf(fields: unknown, name: string): string {
  const value = (fields as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}

function sendPage(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply.status(status).headers(pageHeaders(POLICY)).send(html);
}

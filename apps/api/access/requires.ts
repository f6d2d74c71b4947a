/** What a route asks of its caller. Every route says so; one that does not is refused when the process starts. */
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Scope } from '#domain/key-record';

/** A scope; `key`: any valid key; `nothing`: open to everybody. */
export type Requirement = Scope | 'key' | 'nothing';

export interface DeclaredRoute {
  readonly method: string;
  /** Pattern: `/v1/predictions/:id`. */
  readonly url: string;
  readonly requires: Requirement;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    requires?: Requirement;
    /** A stream of events of the thing that `:id` names: its token opens it as well. */
    takesToken?: boolean;
  }
  interface FastifyInstance {
    /** Every route there is, as the router knows it. */
    declaredRoutes: readonly DeclaredRoute[];
  }
}

/** Decorates a handler. */
export const Requires = (
  requires: Requirement,
  more: { readonly stream?: true; readonly takesToken?: true; readonly bodyless?: true } = {},
): MethodDecorator => RouteConfig({ requires, ...more });

/** What a library mounts, by the pattern of its route: the API's own description, and health for load balancers. */
const OPEN = /^\/(health|ready|openapi\.(json|yaml)|docs(\/.*)?)$/;

/** A route that says nothing of its callers. */
class UndeclaredRouteError extends Error {
  constructor(route: string) {
    super(`The route ${route} declares no scope: give its handler @Requires(...).`);
    this.name = 'UndeclaredRouteError';
  }
}

/**
 * Refuses routes without a declaration; call it before any route is registered.
 *
 * The declaration belongs to the route that the router has found, not to the path that was sent, so no spelling of a
 * path can pass by it.
 * @throws UndeclaredRouteError later, from whatever registers such a route
 */
export function requireDeclarations(server: FastifyInstance): void {
  const declared: DeclaredRoute[] = [];
  server.decorate('declaredRoutes', declared);
  server.addHook('onRoute', (route) => {
    // A browser asks without a key what it may send; the plugin that mounts this answers nothing else.
    const isPreflight = route.method === 'OPTIONS' && route.url === '*';
    if (isPreflight || OPEN.test(route.url)) route.config = { ...route.config, requires: 'nothing' };
    const requires = route.config?.requires;
    if (requires === undefined) throw new UndeclaredRouteError(`${String(route.method)} ${route.url}`);
    for (const method of [route.method].flat()) declared.push({ method, url: route.url, requires });
  });
}

/** Which backend a request goes to (manual 4.2, "use_backend", "default_backend"; discovered routes stand between them). */

import type { Backend } from '../backend/backend.ts';
import { type Failure, Failures } from '../core/failures.ts';
import { pathOf, rewritePrefix } from '../http/target.ts';
import type { RuleContext } from '../rules/types.ts';
import type { Frontend } from './frontend.ts';
import type { BackendDirectory } from './services.ts';

/** May change the request's target, where a route says so. */
export function chooseBackend(frontend: Frontend, backends: BackendDirectory, context: RuleContext): Backend | Failure {
  const { route } = frontend.program.rules;
  if (route !== undefined) {
    const name = route(context);
    // A name that was computed and that no backend has: as if the rule had not matched.
    const backend = name === undefined ? undefined : backends.get(name);
    if (backend !== undefined) return backend;
  }
  const { dockerRoutes, consulRoutes } = frontend.config;
  if (dockerRoutes.length === 0 && consulRoutes.length === 0) return frontend.defaultBackend ?? Failures.NoBackend;
  const table = backends.routes(frontend.name);
  const { request } = context;
  const found = table?.lookup(request.host, pathOf(request.target));
  if (found !== undefined) {
    if (found.rewrite !== undefined) request.target = rewritePrefix(request.target, found.path, found.rewrite);
    return backends.get(found.pool) ?? Failures.NoServer;
  }
  // A listen that routes by label and has no server of its own: the host is unknown, not the server gone.
  const own = frontend.config.kind === 'listen' && frontend.defaultBackend?.servers.length === 0;
  if (frontend.defaultBackend !== undefined && !own) return frontend.defaultBackend;
  const gone = table?.gone?.lookup(request.host, pathOf(request.target));
  if (gone !== undefined) return emptied(backends.get(gone.pool)) ?? Failures.NoServer;
  // While a source of routes is silent the host may be one of its, and only its servers are missing.
  return table?.settled === false ? Failures.NoServer : Failures.NoRoute;
}

/** Whoever still serves in the pool has never claimed, or claims no more, what has gone. */
function emptied(pool: Backend | undefined): Backend | undefined {
  return pool?.servers.every(({ removed }) => removed) === true ? pool : undefined;
}

export function isFailure(chosen: Backend | Failure): chosen is Failure {
  return 'termination' in chosen;
}

/**
 * What a client is told beyond the page for a status when it gets no server: when to ask again, and why.
 *
 *     Retry-After   with a 503 for a host or a backend whose servers are discovered: they come and go
 *     a reason      with `option explain-errors`; without it for who asks from this machine, where discovery is involved
 *
 * A configuration without discovery and without that option answers as HAProxy does, byte by byte.
 */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { statusText } from '../backend/status.ts';
import { VERDICTS } from '../backend/types.ts';
import { CONNECTION_ERRORS, connectionErrorText } from '../core/connection-errors.ts';
import { type Failure, Failures } from '../core/failures.ts';
import { errorReply } from '../http/replies.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import type { Frontend } from './frontend.ts';
import type { WholeReply } from './reply.ts';

/** Seconds: containers start in about as many. */
const RETRY_AFTER = 5;
/** Letters of a host that are repeated. */
const LONGEST_HOST = 253;

/** Undefined: the page as it is, or the configured one. */
export function failureReply(exchange: ExchangeFacts, failure: Failure): WholeReply | undefined {
  const { status } = failure;
  if (failure.source === 'client' || (status !== 503 && status !== 404)) return undefined;
  const { frontend } = exchange.session.listener;
  const { backend } = exchange.reach;
  if (frontend.config.errorfiles.has(status) || backend?.config.errorfiles.has(status) === true) return undefined;
  const routing = frontend.config.dockerRoutes.length + frontend.config.consulRoutes.length > 0;
  const discovered = backend === undefined ? routing : isDiscovered(backend);
  const later = discovered && status === 503;
  const why = explains(exchange, backend, routing || discovered) ? whyOf(exchange, failure, frontend, backend) : '';
  if (!later && why === '') return undefined;
  const { reason, body } = errorReply(status);
  return {
    reason,
    fieldLines: `cache-control: no-cache\r\ncontent-type: text/html\r\n${later ? `retry-after: ${RETRY_AFTER}\r\n` : ''}`,
    body: Buffer.from(why === '' ? body : body.replace('</body>', () => `<p>${html(why)}</p>\n</body>`)),
  };
}

/** A pool that routes have made, or a section with servers that a source knows. */
function isDiscovered({ routed, config: { dockerServers, consulServers, fileServers } }: Backend): boolean {
  return routed || dockerServers.length + consulServers.length + fileServers.length > 0;
}

/** Who comes by another proxy on this machine is no client of this machine. */
function explains({ session, request, clientAddress }: ExchangeFacts, backend: Backend | undefined, involved: boolean): boolean {
  if (backend?.config.explainErrors === true || session.listener.frontend.config.explainErrors) return true;
  const local = clientAddress.startsWith('127.') || clientAddress === '::1';
  return involved && local && !request.has('x-forwarded-for') && !request.has('forwarded');
}

function whyOf(exchange: ExchangeFacts, failure: Failure, { name, config }: Frontend, backend: Backend | undefined): string {
  if (backend !== undefined) return whyNot(exchange, failure, backend);
  if (failure === Failures.NoBackend) return `No use_backend rule of '${name}' takes it, and there is no default_backend.`;
  const table = exchange.services.backends.routes(name);
  const host = exchange.request.host.slice(0, LONGEST_HOST);
  if (failure === Failures.NoRoute) {
    const size = table?.size ?? 0;
    return `No route of '${name}' takes host '${host}' and this path; ${size} route${size === 1 ? ' is' : 's are'} known.`;
  }
  const lines = config.dockerRoutes.length > 0 ? 'docker-routes' : 'consul-routes';
  return `Host '${host}' is not known yet: a source of '${name}' (${lines}) has not answered.`;
}

/** One reason for all: thousands may be down. */
function whyNot(exchange: ExchangeFacts, failure: Failure, backend: Backend): string {
  const { name, servers, config, waiting } = backend;
  const server = exchange.reach.concerned;
  switch (failure) {
    case Failures.NoServer: {
      const [first] = servers;
      const host = exchange.request.host.slice(0, LONGEST_HOST);
      if (first === undefined && backend.routed) {
        return `Backend '${name}' has no server: what served '${host}' has stopped. 'fairlead explain ${host}' tells more.`;
      }
      return first === undefined
        ? `Backend '${name}' has no server.`
        : `None of the ${servers.length} servers of backend '${name}' is usable: ${calledOf(first)} is ${stateOf(first)}.`;
    }
    case Failures.QueueTimeout: {
      const limit = config.timeouts.queue ?? config.timeouts.connect;
      const within = limit === undefined ? '' : ` within ${limit / 1000} s`;
      return `No server of backend '${name}' had a free slot (maxconn)${within}; ${waiting} more requests are waiting.`;
    }
    case Failures.QueueFull:
      return `The queue (maxqueue) of ${server === undefined ? 'its server' : calledOf(server)} in backend '${name}' is full.`;
    case Failures.ConnectFailed:
    case Failures.OtherName:
    case Failures.ConnectTimeout: {
      const error = exchange.reach.carried?.tls?.error ?? CONNECTION_ERRORS.none;
      const refused = error === CONNECTION_ERRORS.none ? 'refused the connection' : `did not do for TLS (${connectionErrorText(error)})`;
      const how = failure === Failures.ConnectTimeout ? 'did not take the connection in time' : refused;
      return `${server === undefined ? 'The server' : calledOf(server)} of backend '${name}' ${how}.`;
    }
    default:
      return '';
  }
}

/** Who has asked from outside knows no addresses. */
function calledOf({ config }: Server): string {
  return config.container === undefined ? `server ${config.name}` : `container ${config.container.name}`;
}

/** `DOWN (Layer4 connection problem: Connection refused)` */
function stateOf(server: Server): string {
  const { reason, verdict } = server;
  const found =
    verdict === undefined || verdict.passed ? '' : [VERDICTS[verdict.code].words, verdict.info].filter((text) => text !== '').join(': ');
  const why = reason === '' ? found : reason;
  return `${statusText(server)}${why === '' ? '' : ` (${why})`}`;
}

function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

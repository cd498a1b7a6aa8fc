/** The balancer's own objects, made from the text of a configuration as they are in the program. */

import { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import { formatDiagnostic } from '../../src/config/diagnostics.ts';
import { loadText } from '../../src/config/load.ts';
import type { Diagnostic, ProxyConfig } from '../../src/config/model.ts';
import { silent } from '../../src/core/log.ts';
import { Wheel } from '../../src/core/wheel.ts';
import { compileRules } from '../../src/rules/compile.ts';
import type { LogFacts } from '../../src/rules/log-facts.ts';
import type { CompiledRules, RuleContext } from '../../src/rules/types.ts';
import { logFacts, NOTHING_LIVE } from '../../test/support/log-facts.ts';

const defaults = `defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
`;

export interface Section {
  readonly config: ProxyConfig;
  readonly rules: CompiledRules;
}

/** The proxies of a configuration by name; throws with what is wrong with it. */
export function load(text: string): ReadonlyMap<string, Section> {
  const { config, diagnostics } = loadText(defaults + text, 'micro.cfg', { env: {} });
  const found: Diagnostic[] = [...diagnostics];
  const sections = (config?.proxies ?? []).map((proxy) => {
    return [proxy.name, { config: proxy, rules: compileRules(proxy, (one) => found.push(one)) }] as const;
  });
  if (config === undefined || found.length > 0) throw new Error(found.map(formatDiagnostic).join('\n'));
  return new Map(sections);
}

export function section(sections: ReadonlyMap<string, Section>, name: string): Section {
  const found = sections.get(name);
  if (found === undefined) throw new Error(`there is no section ${name}`);
  return found;
}

/** A backend with its servers, all usable. */
export function backendOf({ config }: Section): { readonly backend: Backend; readonly servers: readonly Server[] } {
  const backend = new Backend({ shutdown: () => {}, name: config.name, config, wheel: new Wheel(), events: silent, origin: 'micro.cfg' });
  const servers = config.servers.map((server) => backend.addServer(server, 0));
  backend.refresh(0);
  return { backend, servers };
}

/** What a log line tells of a plain request, on a busy day. */
export const plainFacts: LogFacts = logFacts({
  clientAddress: '192.0.2.7',
  actconn: 64,
  feconn: 64,
  beconn: 12,
  srvconn: 6,
  requestLine: 'GET /shop/items?page=3&order=price HTTP/1.1',
});

/** That request before the rules of `www`, and what they are told beside it. */
export function contextOf(request: RuleContext['request'], changes: Partial<RuleContext> = {}): RuleContext {
  return {
    request,
    response: undefined,
    clientAddress: plainFacts.clientAddress,
    clientPort: plainFacts.clientPort,
    localAddress: plainFacts.localAddress,
    localPort: plainFacts.localPort,
    tls: undefined,
    serverTls: undefined,
    frontend: 'www',
    backend: undefined,
    server: undefined,
    disableL7Retry: false,
    facts: plainFacts,
    notes: undefined,
    live: NOTHING_LIVE,
    variable: () => undefined,
    setVariable: () => false,
    capture: () => false,
    uniqueId: undefined,
    ...changes,
  };
}

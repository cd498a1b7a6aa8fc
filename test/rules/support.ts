/** Rules as they stand in a configuration, and requests to put to them. */

import { lexLine } from '../../src/config/lexer.ts';
import type { Diagnostic, ProxyConfig, RawRule } from '../../src/config/model.ts';
import { bytesOf } from '../../src/core/bytes.ts';
import { Head } from '../../src/http/head.ts';
import { compileRules } from '../../src/rules/compile.ts';
import type { CompiledRules, RuleContext } from '../../src/rules/types.ts';
import type { VariableValue } from '../../src/rules/variables.ts';
import { proxyConfig, statsConfig } from '../support/config.ts';
import { logFacts, NOTHING_LIVE } from '../support/log-facts.ts';

/** A line's words, as the configuration's lexer splits them. */
export function wordsOf(line: string): readonly string[] {
  const lexed = lexLine(bytesOf(line), () => undefined);
  if (!('words' in lexed)) throw new Error(`${lexed.error} in '${line}'`);
  return lexed.words;
}

/** A proxy `web` with these lines; the first is line 1 of `test.cfg`. */
export function proxyWith(lines: readonly string[], kind: ProxyConfig['kind'] = 'frontend'): ProxyConfig {
  const raw: RawRule[] = lines.map((line, index) => ({ place: { file: 'test.cfg', line: index + 1 }, words: wordsOf(line) }));
  const behind = (keyword: string): RawRule[] =>
    raw.filter(({ words }) => words[0] === keyword).map(({ place, words }) => ({ place, words: words.slice(1) }));
  const admin = behind('stats').map(({ place, words }) => ({ place, words: words.slice(1) }));
  return proxyConfig('web', {
    kind,
    id: 2,
    acls: behind('acl').map(({ place, words }) => ({ place, name: words[0] ?? '', words: words.slice(1) })),
    httpRequest: behind('http-request'),
    httpResponse: behind('http-response'),
    redirects: behind('redirect'),
    stats: admin.length === 0 ? undefined : statsConfig({ admin }),
    useBackends: behind('use_backend').map(({ place, words }) => ({ place, backend: words[0] ?? '', words: words.slice(1) })),
  });
}

export interface Compiled {
  readonly rules: CompiledRules;
  readonly diagnostics: readonly Diagnostic[];
}

export function compile(lines: readonly string[], kind?: ProxyConfig['kind']): Compiled {
  const diagnostics: Diagnostic[] = [];
  const rules = compileRules(proxyWith(lines, kind), (diagnostic) => diagnostics.push(diagnostic));
  return { rules, diagnostics };
}

/** Compiles what must be without a fault. */
export function compileClean(lines: readonly string[], kind?: ProxyConfig['kind']): CompiledRules {
  const { rules, diagnostics } = compile(lines, kind);
  if (diagnostics.length > 0) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return rules;
}

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Message {
  readonly method?: string;
  readonly target?: string;
  readonly version?: 10 | 11;
  readonly fields?: Fields;
}

export function request(message: Message = {}): Head {
  const head = new Head();
  head.method = message.method ?? 'GET';
  head.target = message.target ?? '/';
  head.version = message.version ?? 11;
  for (const [name, value] of message.fields ?? [['Host', 'example.com']]) head.add(name, value);
  return head;
}

export function response(status: number, fields: Fields = []): Head {
  const head = new Head();
  head.status = status;
  head.reason = 'Reason';
  for (const [name, value] of fields) head.add(name, value);
  return head;
}

export function contextOf(head: Head, more: Partial<RuleContext> = {}): RuleContext {
  const variables = new Map<string, VariableValue>();
  const context = {
    request: head,
    response: undefined,
    clientAddress: '192.0.2.7',
    clientPort: 40_000,
    localAddress: '198.51.100.1',
    localPort: 80,
    tls: undefined,
    serverTls: undefined,
    frontend: 'web',
    backend: undefined,
    server: undefined,
    disableL7Retry: false,
    notes: undefined,
    live: NOTHING_LIVE,
    variable: (name: string) => variables.get(name),
    setVariable: (name: string, value: VariableValue | undefined) => {
      if (name.startsWith('res.')) return false;
      if (value === undefined) variables.delete(name);
      else variables.set(name, value);
      return true;
    },
    capture: () => false,
    uniqueId: undefined,
    ...more,
  };
  const { clientAddress, clientPort, localAddress, localPort, frontend, backend, server } = context;
  const line = head.text === '' ? `${head.method} ${head.target} HTTP/1.${head.version - 10}` : head.text.slice(0, head.fieldsFrom - 2);
  const facts = logFacts({
    ...{ clientAddress, clientPort, localAddress, localPort },
    backendName: backend ?? frontend,
    serverName: server ?? '<NOSRV>',
    requestLine: line,
    wallReady: Date.now(),
  });
  return { ...context, facts: more.facts ?? facts };
}

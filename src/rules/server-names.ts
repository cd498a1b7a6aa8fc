/** `sni` of a server (manual 5.2): the name that it is asked for, out of what there is of a request or session. */

import type { ProxyConfig, ServerConfig } from '../config/model.ts';
import { RuleError } from './error.ts';
import { compileFetch, readConverters, readFetch, within } from './expression.ts';
import { fill, Patterns } from './patterns.ts';
import { asText } from './sample.ts';
import { available, nameOf, type Scope } from './scope.ts';
import type { RuleContext } from './types.ts';

/** Bytes, one character each; undefined where there is no such thing: then none is asked for. */
export type ServerName = (context: RuleContext) => string | undefined;

const SCOPE: Scope = { phase: 'request', backend: true, name: 'backend server connection' };

/** Throws a RuleError in HAProxy's words. A map in it belongs to the patterns that are being filled. */
export function compileServerName(expression: string): ServerName {
  return within('error detected while parsing sni expression : ', () => {
    const call = readFetch(expression, 0);
    if (!available(call.row.needs, SCOPE)) {
      const method = `${call.name}${expression.slice(call.name.length, call.end)}`;
      throw new RuleError(
        ` fetch method '${method}' extracts information from '${nameOf(call.row.needs)}', none of which is available here.`,
      );
    }
    const { sample, end } = readConverters(expression, call.end, compileFetch(call, SCOPE));
    if (end < expression.length) throw new RuleError(`unexpected '${expression.slice(end)}' behind the sample`);
    return asText(sample).get;
  });
}

/** The expressions of a section's servers, each once; by its origin, who says it first. */
export function serverNamesOf({ servers, serverTemplates, dockerServers, consulServers, fileServers }: ProxyConfig): readonly {
  readonly expression: string;
  readonly origin: string;
  readonly name: string;
}[] {
  const lines = [...serverTemplates, ...dockerServers, ...consulServers, ...fileServers].map(({ place, template }) => ({
    ...template,
    origin: `${place.file}:${place.line}`,
  }));
  const found = new Map<string, { readonly expression: string; readonly origin: string; readonly name: string }>();
  for (const { ssl, sslWords = ssl, origin, name } of [...servers, ...lines]) {
    const expression = sslWords?.sni;
    if (expression !== undefined && !found.has(expression)) found.set(expression, { expression, origin, name });
  }
  return [...found.values()];
}

/** Servers that came later may have others: labels give them, and operators. */
const later = new Map<string, ServerName>();
const MOST_LATER = 1000;

/** Throws a RuleError. */
export function laterServerName(expression: string): ServerName {
  let name = later.get(expression);
  if (name === undefined) {
    name = fill(new Patterns(), () => compileServerName(expression));
    if (later.size >= MOST_LATER) later.clear();
    later.set(expression, name);
  }
  return name;
}

/** What is wrong with the `sni` of a server that came later; undefined where nothing is. */
export function serverNameError({ ssl }: ServerConfig): string | undefined {
  if (ssl?.sni === undefined) return undefined;
  try {
    laterServerName(ssl.sni);
    return undefined;
  } catch (error) {
    if (error instanceof RuleError) return error.message;
    throw error;
  }
}

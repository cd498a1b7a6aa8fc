/** The files that the servers of a configuration name, read while it is prepared. */

import type { Diagnostic, Place, ProxyConfig, ServerConfig } from '../config/model.ts';
import { placeIn } from '../core/place.ts';
import type { ServerContexts } from './servers.ts';

interface Line {
  readonly place: Place;
  /** In HAProxy's words: `'server b/s1' : `. */
  readonly subject: string;
  readonly server: ServerConfig;
}

/** What is wrong is handed to `report`, at the line that says it; what is read is in `contexts`. */
export function checkServers(proxies: readonly ProxyConfig[], contexts: ServerContexts, report: (diagnostic: Diagnostic) => void): void {
  for (const proxy of proxies) {
    if (proxy.kind === 'frontend' || proxy.disabled) continue;
    const encrypts = proxy.checkRules?.steps.some((step) => step.kind === 'connect' && step.ssl === true) === true;
    for (const line of linesOf(proxy)) checkLine(line, encrypts, contexts, report);
  }
}

function checkLine(
  { place, subject, server }: Line,
  encrypts: boolean,
  contexts: ServerContexts,
  report: (diagnostic: Diagnostic) => void,
): void {
  const { ssl, sslWords = ssl, checkWords } = server;
  if (sslWords === undefined) return;
  const spoken = ssl !== undefined || encrypts || checkWords?.ssl === true;
  // As HAProxy: files are read wherever they are named.
  if (!spoken && sslWords.caFile === undefined && sslWords.crlFile === undefined) return;
  const { error, doubts } = contexts.check(spoken ? sslWords : { ...sslWords, verify: 'none', crt: undefined });
  for (const doubt of doubts) report({ severity: 'warning', place, message: subject + doubt });
  if (error !== undefined) report({ severity: 'alert', place, message: subject + error });
}

function linesOf({ name, place, servers, serverTemplates, dockerServers, consulServers, fileServers }: ProxyConfig): readonly Line[] {
  return [
    ...servers.map((server) => ({ place: placeIn(server.origin) ?? place, subject: `'server ${name}/${server.name}' : `, server })),
    ...serverTemplates.map((line) => ({ place: line.place, subject: `'server ${name}/${line.prefix}' : `, server: line.template })),
    ...[...dockerServers, ...consulServers, ...fileServers].map((line) => ({ place: line.place, subject: '', server: line.template })),
  ];
}

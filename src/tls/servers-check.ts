/** The files that the servers of a configuration name, read while it is prepared. */

import type { Diagnostic, Place, ProxyConfig, ServerConfig } from '../config/model.ts';
import { placeIn } from '../core/place.ts';
import type { ServerContexts } from './servers.ts';

interface Line {
  readonly place: Place;
  /** In HAProxy's words: `'server b/s1' : `. */
  readonly subject: string;
  readonly server: ServerConfig;
  /** What it says is for servers that a source finds: each of them may say that it is one of TLS. */
  readonly ofSource: boolean;
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
  { place, subject, server, ofSource }: Line,
  encrypts: boolean,
  contexts: ServerContexts,
  report: (diagnostic: Diagnostic) => void,
): void {
  const { ssl, sslWords = ssl, checkWords } = server;
  if (sslWords === undefined) return;
  const spoken = ssl !== undefined || encrypts || checkWords?.ssl === true;
  const crt = spoken || ofSource ? sslWords.crt : undefined;
  // As HAProxy: files are read wherever they are named.
  if (!spoken && crt === undefined && sslWords.caFile === undefined && sslWords.crlFile === undefined) return;
  const verify = spoken || (ofSource && sslWords.caFile !== undefined) ? sslWords.verify : 'none';
  const { error, doubts } = contexts.check({ ...sslWords, verify, crt });
  for (const doubt of doubts) report({ severity: 'warning', place, message: subject + doubt });
  if (error !== undefined) report({ severity: 'alert', place, message: subject + error });
}

function linesOf({ name, place, servers, serverTemplates, dockerServers, consulServers, fileServers }: ProxyConfig): readonly Line[] {
  const found = [...dockerServers, ...consulServers, ...fileServers];
  const line = (at: Place, subject: string, server: ServerConfig, ofSource: boolean): Line => ({ place: at, subject, server, ofSource });
  return [
    ...servers.map((server) => line(placeIn(server.origin) ?? place, `'server ${name}/${server.name}' : `, server, false)),
    ...serverTemplates.map(({ place: at, prefix, template }) => line(at, `'server ${name}/${prefix}' : `, template, false)),
    ...found.map(({ place: at, template }) => line(at, '', template, true)),
  ];
}

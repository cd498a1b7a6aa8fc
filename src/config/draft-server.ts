/** Servers while they are read: how one begins, and the ways from words to a whole server and back. */

import type { ServerDraft } from './draft.ts';
import type { ServerConfig } from './model.ts';
import { finishServerSsl, newServerSslWords, newTlsGlobals, reopenServerSsl } from './tls-words.ts';

/** Of servers that no text has, as an operator's: relative paths begin where the process runs. */
const NO_SSL_WORDS = newServerSslWords(newTlsGlobals('.'));

export function newServer(): ServerDraft {
  return {
    name: '',
    identity: '',
    address: undefined,
    port: 0,
    fqdn: undefined,
    maxconn: 0,
    maxqueue: 0,
    weight: 1,
    backup: false,
    poolMaxConn: -1,
    poolPurgeDelay: 5000,
    maxReuse: -1,
    disabled: false,
    cookie: undefined,
    minconn: 0,
    slowstart: 0,
    track: undefined,
    observe: undefined,
    errorLimit: 10,
    onError: 'fail-check',
    shutdownWhenDown: false,
    shutdownBackupsWhenUp: false,
    initAddr: [],
    nonStick: false,
    secured: false,
    sslWords: NO_SSL_WORDS,
    agentChecked: false,
    agentWords: { inter: 2000, address: undefined, port: undefined, send: '' },
    checked: false,
    checkWords: { inter: 2000, fastinter: undefined, downinter: undefined, rise: 2, fall: 3, address: undefined, port: undefined },
    origin: '',
  };
}

export function copyServer(server: ServerDraft): ServerDraft {
  return { ...server, checkWords: { ...server.checkWords }, agentWords: { ...server.agentWords } };
}

/** The whole of a server, its check words decided by `check`, those of the agent by `agent-check`. */
export function finishServer(draft: ServerDraft): ServerConfig {
  const { secured, sslWords, checked, checkWords, agentChecked, agentWords, ...given } = draft;
  // HAProxy: `minconn` alone, or above `maxconn`, is one.
  const rest = { ...given, maxconn: Math.max(given.maxconn, given.minconn) };
  const words = { ...checkWords };
  // HAProxy: `addr` is the agent's, too, unless it has one of its own.
  const agent = { ...agentWords, address: agentWords.address ?? checkWords.address };
  const ssl = finishServerSsl(sslWords);
  return {
    ...rest,
    ssl: secured ? ssl : undefined,
    sslWords: ssl,
    check: checked ? words : undefined,
    checkWords: words,
    agent: agentChecked && agent.port !== undefined ? agent : undefined,
    agentWords: { ...agentWords },
  };
}

/** HTTP/2 is not spoken to servers: it is offered to them only where their bytes are the client's (`mode tcp`). */
export function withoutH2(server: ServerConfig): ServerConfig {
  const { ssl, sslWords, check, checkWords } = server;
  if (![sslWords, checkWords].some((words) => words?.alpn?.includes('h2'))) return server;
  const words = offering(sslWords);
  const checks = offering(checkWords);
  return { ...server, ssl: ssl && words, sslWords: words, check: check && checks, checkWords: checks };
}

function offering<Words extends { readonly alpn?: readonly string[] | undefined }>(words: Words | undefined): Words | undefined {
  return words?.alpn?.includes('h2') ? { ...words, alpn: words.alpn.filter((name) => name !== 'h2') } : words;
}

/** The way back, for parameters that are laid over a finished server. */
export function reopenServer(server: ServerConfig): ServerDraft {
  const { ssl, sslWords = ssl, check, checkWords, agent, agentWords, ...rest } = server;
  const fresh = newServer();
  return {
    ...rest,
    secured: ssl !== undefined,
    sslWords: sslWords === undefined ? fresh.sslWords : reopenServerSsl(sslWords),
    checked: check !== undefined,
    checkWords: { ...(checkWords ?? check ?? fresh.checkWords) },
    agentChecked: agent !== undefined,
    agentWords: { ...(agentWords ?? agent ?? fresh.agentWords) },
  };
}

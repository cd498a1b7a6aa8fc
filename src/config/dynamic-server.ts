/**
 * `add server` of the Runtime API (management manual 9.3): the words of a `server` line for a server that no text has. As in
 * HAProxy, `default-server` does not count for it, it starts in maintenance, and some words are not for it.
 */

import { readServerAddress } from './address.ts';
import { finishServer, newServer, withoutH2 } from './draft-server.ts';
import { applyWords } from './keywords/server.ts';
import { versionsOf } from './keywords/server-versions.ts';
import type { GlobalTlsConfig, ProxyConfig, ServerConfig } from './model.ts';
import { newServerSslWords } from './tls-words.ts';
import { forbiddenInName, type Read } from './values.ts';

/** Those of HAProxy that it does not take here; what is neither among them nor known at all is none of a server's. */
const FIT: ReadonlySet<string> = new Set(
  `addr agent-addr agent-check agent-inter agent-port agent-send allow-0rtt alpn backup ca-file check check-alpn check-proto
   check-send-proxy check-sni check-ssl check-via-socks4 ciphers ciphersuites crl-file crt disabled downinter enabled error-limit fall
   fastinter force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 id inter maxconn maxqueue minconn no-backup no-ssl-reuse
   no-sslv3 no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 npn observe on-error on-marked-down on-marked-up pool-low-conn
   pool-max-conn pool-purge-delay port proto proxy-v2-options rise send-proxy send-proxy-v2 send-proxy-v2-ssl send-proxy-v2-ssl-cn
   slowstart sni source ssl ssl-max-ver ssl-min-ver tfo tls-tickets track usesrc verify verifyhost weight ws`.split(/\s+/),
);

/** One that the backend has now, and the number that it has, which need not be its own wish. */
interface Present {
  readonly id: number;
  readonly config: Pick<ServerConfig, 'name' | 'origin'>;
}

/**
 * @param words address and parameters; at least one. Errors are HAProxy's sentences, which end as its do
 * @param tls what `global` says, which counts for it as for servers of the text
 */
export function readDynamicServer(
  proxy: ProxyConfig,
  servers: readonly Present[],
  name: string,
  words: readonly string[],
  tls: GlobalTlsConfig,
): Read<ServerConfig> {
  const bad = forbiddenInName(name);
  if (bad !== undefined) return { error: `character '${bad}' is not permitted in server name '${name}'.` };
  const [address = '', ...parameters] = words;
  const read = readServerAddress(address, '');
  if ('error' in read) return read;
  const own = { disabled: true, dynamic: true as const, origin: 'the Runtime API' };
  const draft = { ...newServer(), ...own, sslWords: newServerSslWords(tls) };
  const unfit = (word: string, value = ''): string | undefined => (FIT.has(word) ? refusalOf(word, value, name) : `'${word}'${UNFIT}`);
  const [error] = applyWords(draft, parameters, unfit).errors;
  if (error !== undefined) return { error: error.endsWith(UNFIT) ? error : ended(error) };
  if (draft.agentChecked && draft.agentWords.port === undefined) {
    return { error: `server ${name} does not have agent port. Agent check has been disabled.` };
  }
  const versions = versionsOf(draft, proxy.name, name);
  if (versions.error !== undefined) return { error: [...versions.doubts, versions.error].join('\n') };
  const finished = finishServer({ ...draft, ...read.value, name, identity: name });
  const config = proxy.mode === 'http' ? withoutH2(finished) : finished;
  const wrong = misfit(proxy, servers, config);
  return wrong === undefined ? { value: config } : { error: ended(wrong) };
}

/** HAProxy's words for values that neither takes; it takes `1x` or no number at all for many, which we do not. */
function refusalOf(word: string, value: string, server: string): string | undefined {
  if (value === '') return undefined;
  const number = Number.parseInt(value, 10) || 0;
  switch (word) {
    case 'id':
      return number > 0 ? undefined : "'id' : custom id has to be > 0.";
    case 'rise':
    case 'fall':
      return number > 0 ? undefined : `'${word}' has to be > 0..`;
    case 'error-limit':
      return number > 0 ? undefined : 'error-limit has to be > 0..';
    case 'weight':
      return number >= 0 && number <= 256 ? undefined : `weight of server ${server} is not within 0 and 256 (${number})..`;
    case 'pool-max-conn':
      return number >= -1 ? undefined : "'pool-max-conn' must be >= -1.";
    case 'inter':
    case 'fastinter':
    case 'downinter':
    case 'agent-inter':
      return /^0+[a-z]*$/.test(value) ? `invalid value 0 for argument '${word}' of server ${server}..` : undefined;
    default:
      return undefined;
  }
}

const UNFIT = ' option is not accepted for dynamic server';

function ended(error: string): string {
  return /[.!?]$/.test(error) ? error : `${error}.`;
}

/** What the text would be told once all of it has been read. */
function misfit(
  proxy: ProxyConfig,
  servers: readonly Present[],
  { name, check, observe, track, id, address, port }: ServerConfig,
): string | undefined {
  if (observe === 'layer7' && proxy.mode === 'tcp') return "'layer7' can only be used in http proxies";
  if (check !== undefined && track !== undefined) return 'unable to enable checks and tracking at the same time!';
  const holder = servers.find((server) => server.id === id)?.config;
  if (holder !== undefined) return `'id' : custom id ${id} already used at ${holder.origin} ('server ${holder.name}')`;
  if (check === undefined || port !== 0 || (check.port ?? check.addressPort) !== undefined) return undefined;
  if ((check.address ?? address)?.startsWith('/') === true || connectsHavePorts(proxy)) return undefined;
  return `config: backend '${proxy.name}': server '${name}' has neither service port nor check port nor tcp_check rule 'connect' with port information`;
}

function connectsHavePorts({ checkRules }: ProxyConfig): boolean {
  const connects = checkRules?.steps.filter((step) => step.kind === 'connect') ?? [];
  return checkRules?.protocol === 'tcp' && connects.length > 0 && connects.every((step) => (step.port ?? step.addressPort) !== undefined);
}

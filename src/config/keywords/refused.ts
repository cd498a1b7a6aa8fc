/**
 * HAProxy's keywords that Fairlead does not do, so that they can be refused by name instead of as unknown.
 * A keyword leaves this table when it gets a row of its own.
 */

import type { Section } from '../row.ts';

/** The sentence for what is HAProxy's but not ours. */
export function refusal(what: string, why: string | undefined): string {
  return `${what} is HAProxy's; ${why ?? 'Fairlead does not do it yet'}.`;
}

export interface Refused {
  readonly name: string;
  readonly sections: readonly Section[];
  /** Instead of "Fairlead does not do it yet". */
  readonly why?: string;
  /** HAProxy has dropped the keyword too: what to do instead. */
  readonly instead?: string;
}

/** The sentence for a keyword of the table. */
export function keywordRefusal(refused: Refused, section: Section): string {
  const what = `keyword '${refused.name}' in '${section}' section`;
  if (refused.instead !== undefined) return `${what} is not supported any more, by HAProxy neither: ${refused.instead}.`;
  return refusal(what, refused.why);
}

const FRONT: readonly Section[] = ['defaults', 'frontend', 'listen'];
const BACK: readonly Section[] = ['defaults', 'listen', 'backend'];
const PROXY: readonly Section[] = ['defaults', 'frontend', 'listen', 'backend'];
const NO_LUA = 'Fairlead runs no Lua';

function refuse(sections: readonly Section[], why: string | undefined, names: string): readonly Refused[] {
  return names
    .trim()
    .split(/\s*\n\s*|\s*,\s*/)
    .map((name) => (why === undefined ? { name, sections } : { name, sections, why }));
}

function dropped(instead: string, names: string): readonly Refused[] {
  return names.split(', ').map((name) => ({ name, sections: PROXY, instead }));
}

/** By section; a name of two words is looked up before its first word. */
export const refusedKeywords: readonly Refused[] = [
  ...refuse(
    ['global'],
    undefined,
    `51degrees-cache-size, 51degrees-data-file, 51degrees-property-name-list, 51degrees-property-separator,
     close-spread-time, cluster-secret, default-path, deviceatlas-json-file, deviceatlas-log-level,
     deviceatlas-properties-cookie, deviceatlas-separator, expose-experimental-directives, external-check, grace,
     h1-accept-payload-with-any-method, h1-case-adjust, h1-case-adjust-file,
     httpclient.resolvers.id, httpclient.resolvers.prefer, httpclient.ssl.ca-file, httpclient.ssl.verify,
     maxcompcpuusage, pp2-never-send-local,
     thread-group, thread-groups, unix-bind,
     wurfl-cache-size, wurfl-data-file, wurfl-information-list, wurfl-information-list-separator`,
  ),
  ...refuse(['global'], NO_LUA, 'lua-load, lua-load-per-thread, lua-prepend-path'),
  ...refuse(
    PROXY,
    undefined,
    `compression, email-alert, errorfiles,
     errorloc, errorloc302, errorloc303, filter, http-after-response, http-error, option http-buffer-request,
     option http-restrict-req-hdr-names, option originalto`,
  ),
  ...refuse(PROXY, undefined, 'tcp-request, tcp-response'),
  ...dropped('threads share every proxy', 'bind-process'),
  ...refuse(
    FRONT,
    undefined,
    `clitcpka-cnt, clitcpka-idle, clitcpka-intvl, declare,
     option h1-case-adjust-bogus-client, option http-use-proxy-header,
     option idle-close-on-response`,
  ),
  ...refuse(
    BACK,
    undefined,
    `external-check, http-check set-var, http-check set-var-fmt, http-check unset-var, http-send-name-header, max-keep-alive-queue,
     option checkcache, option external-check, option h1-case-adjust-bogus-server, option http-pretend-keepalive,
     option prefer-last-server, option spop-check, persist, source, srvtcpka-cnt, srvtcpka-idle, srvtcpka-intvl, tcp-check set-var, tcp-check set-var-fmt, tcp-check unset-var, use-fcgi-app`,
  ),
  ...refuse(BACK, 'name a server instead', 'dispatch, option transparent, transparent'),
  ...dropped("use 'timeout client'", 'clitimeout'),
  ...dropped("use 'timeout connect'", 'contimeout'),
  ...dropped("use 'timeout server'", 'srvtimeout'),
  ...dropped("use 'option redispatch'", 'redispatch'),
  ...dropped("use 'stick-table' and 'stick' lines", 'appsession'),
  ...dropped("use 'http-request deny'", 'block, reqdeny, reqideny'),
  ...dropped("use 'http-request add-header'", 'reqadd'),
  ...dropped("use 'http-response add-header'", 'rspadd'),
  ...dropped("use 'http-request del-header'", 'reqdel, reqidel'),
  ...dropped("use 'http-response del-header'", 'rspdel, rspidel'),
  ...dropped(
    'use http-request rules',
    'reqallow, reqiallow, reqpass, reqipass, reqrep, reqirep, reqtarpit, reqitarpit, reqsetbe, reqisetbe',
  ),
  ...dropped('use http-response rules', 'rspdeny, rspideny, rsprep, rspirep'),
  ...dropped("remove it, or use 'option httpclose'", 'option forceclose, option http-tunnel'),
  ...dropped('remove it', 'option http-use-htx, monitor-net'),
];

/** Whole sections that are HAProxy's alone: refused once, at their first line. */
export const refusedSections: ReadonlyMap<string, string | undefined> = new Map([
  ['cache', undefined],
  ['crt-store', undefined],
  ['fcgi-app', undefined],
  ['http-errors', undefined],
  ['log-forward', undefined],
  ['mailers', undefined],
  ['peers', undefined],
  ['program', undefined],
  ['ring', undefined],
]);

export interface RefusedParameter {
  /** Words it takes, so that reading can go on behind it. */
  readonly args: number;
  readonly why?: string;
}

function parameters(args: number, why: string | undefined, names: string): readonly (readonly [string, RefusedParameter])[] {
  return names
    .trim()
    .split(/[\s,]+/)
    .map((name) => [name, why === undefined ? { args } : { args, why }]);
}

const SELF_SIGNED = "'ssl self-signed' makes certificates for the hosts that are routed";

/** Manual 5.2. */
export const refusedServerParameters: ReadonlyMap<string, RefusedParameter> = new Map([
  ...parameters(
    0,
    undefined,
    `check-send-proxy check-via-socks4 no-send-proxy no-send-proxy-v2
     no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn no-tfo send-proxy send-proxy-v2 send-proxy-v2-ssl
     send-proxy-v2-ssl-cn stick tfo usesrc`,
  ),
  ...parameters(
    1,
    undefined,
    `log-proto namespace
     proxy-v2-options
     redir resolve-net resolve-opts socks4 source tcp-ut`,
  ),
]);

/** Manual 5.1. */
export const refusedBindParameters: ReadonlyMap<string, RefusedParameter> = new Map([
  ...parameters(0, undefined, 'accept-proxy quic-force-retry transparent'),
  ...parameters(1, undefined, 'accept-netscaler-cip interface namespace quic-cc-algo'),
  ...parameters(0, SELF_SIGNED, 'generate-certificates'),
  ...parameters(1, SELF_SIGNED, 'ca-sign-file ca-sign-pass'),
]);

/** `balance`: HAProxy's algorithms that are not ours. */
export const refusedAlgorithms: readonly string[] = ['rdp-cookie'];

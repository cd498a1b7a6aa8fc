/**
 * nginx-proxy: `VIRTUAL_HOST` and its kin, in the environment or as labels of the same names.
 *
 * It knows no services: whatever has the same host and path is balanced, and so each host and path is a pool here. A path is
 * a prefix of the text in nginx and ends at a segment's border here.
 */

import { readBalance } from '../../config/keywords/balance.ts';
import { readInteger } from '../../config/values.ts';
import type { Route } from '../provider.ts';
import { Findings, plainPort, poolOf } from './findings.ts';
import { type Labels, noSettings, type Settings, type Subject } from './settings.ts';
import { escapeRegex, isPath, NO_PATH, readHost, readHostRegex, trimmedPath } from './words.ts';
import { readYamlMap, type YamlValue } from './yaml-map.ts';

const LABEL = 'com.github.nginx-proxy.nginx-proxy.';

/** Words of nginx-proxy and its companion that mean nothing here, and why. */
const UNREAD: ReadonlyMap<string, string> = new Map([
  ['HSTS', 'a section sets it (http-response set-header Strict-Transport-Security)'],
  ['SSL_POLICY', 'versions and ciphers stand on bind lines'],
  ['LETSENCRYPT_HOST', 'Fairlead gets no certificates'],
  ['ACME_HOST', 'Fairlead gets no certificates'],
  ['VIRTUAL_ROOT', 'Fairlead speaks HTTP to servers'],
]);

/** One of its virtual hosts, as it stands. */
interface Place {
  /** Where it is written, for messages. */
  readonly label: string;
  readonly host: string;
  readonly path: string;
  readonly dest: string;
  readonly port: string | undefined;
}

export function readNginxProxy(subject: Subject): Labels | undefined {
  const words = new Map([...subject.labels, ...subject.env]);
  const multiports = words.get('VIRTUAL_HOST_MULTIPORTS')?.trim() ?? '';
  const hosts = words.get('VIRTUAL_HOST')?.trim() ?? '';
  if (multiports === '' && hosts === '') return undefined;
  const findings = new Findings();
  const places = multiports === '' ? hostPlaces(hosts, words) : multiPlaces(multiports, findings);
  for (const place of places) {
    const settings = settingsOf(place, subject, findings);
    if (settings !== undefined) findings.add(settings.service ?? '', settings);
  }
  const all = [...findings.routes.values()];
  readProto(words, all, findings);
  readAccess(words, all, findings);
  readOthers(words, all, findings);
  return findings.labels('nginx-proxy');
}

function hostPlaces(hosts: string, words: ReadonlyMap<string, string>): readonly Place[] {
  const path = words.get('VIRTUAL_PATH')?.trim() || '/';
  const dest = words.get('VIRTUAL_DEST')?.trim() ?? '';
  const port = words.get('VIRTUAL_PORT')?.trim() || undefined;
  // A comma inside the braces of a regular expression is a quantifier's.
  const items = hosts.split(/,(?![^{]*\})/).map((host) => host.trim());
  return items.filter((host) => host !== '').map((host) => ({ label: 'VIRTUAL_HOST', host, path, dest, port }));
}

function multiPlaces(text: string, findings: Findings): readonly Place[] {
  const label = 'VIRTUAL_HOST_MULTIPORTS';
  const read = readYamlMap(text);
  if ('error' in read) {
    findings.errors.push(`${label} ${read.error}`);
    return [];
  }
  return [...read.value].flatMap(([host, paths]) => {
    const all = mapOf(paths, `${label}: ${host}`, findings);
    if (all.size === 0) return [{ label, host, path: '/', dest: '', port: undefined }];
    return [...all].map(([path, value]) => {
      const keys = mapOf(value, `${label}: ${host} ${path}`, findings);
      for (const key of keys.keys())
        if (key !== 'port' && key !== 'dest') findings.unread(`${label}: ${host} ${path} ${key}`, 'no such key');
      const { port, dest } = { port: keys.get('port'), dest: keys.get('dest') };
      return {
        label,
        host,
        path,
        dest: typeof dest === 'string' ? dest : '',
        port: typeof port === 'string' && port !== '' ? port : undefined,
      };
    });
  });
}

/** Nothing and null are an empty mapping. */
function mapOf(value: YamlValue, label: string, findings: Findings): ReadonlyMap<string, YamlValue> {
  if (typeof value !== 'string') return value;
  if (value !== '') findings.errors.push(`${label} holds '${value}' where a mapping is expected`);
  return new Map();
}

function settingsOf(place: Place, subject: Subject, findings: Findings): Settings | undefined {
  const { label } = place;
  const named = splitHost(place.host);
  const path = readPath(`${named.path}${place.path === '/' && named.path !== '' ? '' : place.path}`);
  const hosts = readHosts(named.host);
  if (typeof hosts === 'string') findings.errors.push(`${label}=${place.host} ${hosts}`);
  if (typeof path === 'string') findings.errors.push(`VIRTUAL_PATH=${place.path} ${path}`);
  if (typeof hosts === 'string' || typeof path === 'string') return undefined;
  const settings: Settings = { ...noSettings(), hosts, ...path, service: poolOf(hosts, path.path, path.exact) };
  settings.port = portOf(place, named.port, subject, findings);
  if (place.dest !== '') {
    const dest = trimmedPath(place.dest);
    if (isPath(dest)) settings.rewrite = dest === '/' ? '' : dest;
    else findings.errors.push(`VIRTUAL_DEST=${place.dest} ${NO_PATH}`);
  }
  return settings;
}

/** dockercloud writes `http://host:port/path`, dinghy `host:port`. */
function splitHost(text: string): { readonly host: string; readonly port: number | undefined; readonly path: string } {
  if (text.startsWith('~')) return { host: text, port: undefined, path: '' };
  const [, host = text, port, path = ''] = /^(?:[a-z]+:\/\/)?(.*?)(?::(\d+))?(\/.*)?$/.exec(text) ?? [];
  return { host, port: port === undefined ? undefined : Number(port), path: path === '/' ? '' : path.replace(/\/?\*?$/, '') };
}

/** nginx's server names: `.x` is x and everything below it, `x.*` is x with whatever end. */
function readHosts(text: string): readonly Route['host'][] | string {
  if (text === '_' || text === '*') return [{ kind: 'any', value: '' }];
  if (/^\.[^.]/.test(text)) return sure([readHost(text.slice(1)), readHost(`*${text}`)]);
  const open = /^([^*~]+)\.\*$/.exec(text)?.[1];
  if (open === undefined) return sure([readHost(text)]);
  const host = readHost(open);
  return typeof host === 'string' ? host : sure([readHostRegex(`^${escapeRegex(host.value)}\\..+$`)]);
}

function sure(hosts: readonly (Route['host'] | string)[]): readonly Route['host'][] | string {
  const bad = hosts.find((host) => typeof host === 'string');
  return bad ?? hosts.filter((host) => typeof host !== 'string');
}

/** nginx's locations: `/prefix`, `= /exact`, `^~ /prefix`. */
function readPath(text: string): Pick<Settings, 'path' | 'exact'> | string {
  const [, sign = '', rest = ''] = /^(=|\^~|~\*|~)?\s*(.*)$/s.exec(text.trim()) ?? [];
  if (sign.startsWith('~')) return 'is a regular expression, which paths cannot be here';
  const exact = sign === '=';
  const path = exact ? rest : trimmedPath(rest);
  return isPath(path) ? { path, exact } : NO_PATH;
}

/** VIRTUAL_PORT, else the only one, else 80. */
function portOf({ label, host, port }: Place, named: number | undefined, { exposed }: Subject, findings: Findings): number | undefined {
  if (port !== undefined) {
    const read = readInteger(port, label, 1, 65535);
    if ('value' in read) return read.value;
    findings.errors.push(`port ${port} of ${host} is not a whole number from 1 to 65535`);
    return undefined;
  }
  if (named !== undefined && exposed.includes(named)) return named;
  if (named !== undefined) {
    findings.warnings.push(`${label}=${host}: the container has no port ${named}, and on which ports clients come frontends decide`);
  }
  return exposed.length === 1 ? exposed[0] : plainPort(exposed);
}

function readProto(words: ReadonlyMap<string, string>, routes: readonly Settings[], findings: Findings): void {
  const proto = words.get('VIRTUAL_PROTO')?.trim() ?? '';
  if (proto === 'https') for (const settings of routes) settings.scheme = 'https';
  else if (proto !== '' && proto !== 'http') findings.errors.push(`VIRTUAL_PROTO=${proto}: servers are spoken to by http and https alone`);
}

/** What nginx-proxy means by internal, unless its own file says otherwise. */
const INTERNAL: readonly string[] = ['127.0.0.0/8', '10.0.0.0/8', '192.168.0.0/16', '172.16.0.0/12'];

function readAccess(words: ReadonlyMap<string, string>, routes: readonly Settings[], findings: Findings): void {
  const access = words.get('NETWORK_ACCESS')?.trim() ?? '';
  if (access === 'internal') for (const settings of routes) settings.allow = INTERNAL;
  else if (access !== '' && access !== 'external') findings.errors.push(`NETWORK_ACCESS=${access} is neither internal nor external`);
}

function readOthers(words: ReadonlyMap<string, string>, routes: readonly Settings[], findings: Findings): void {
  for (const [name, why] of UNREAD) if ((words.get(name) ?? '') !== '') findings.unread(name, why);
  readHttps(words, routes, findings);
  for (const [name, value] of words) {
    if (!name.startsWith(LABEL)) continue;
    if (name === `${LABEL}loadbalance`) readLoadBalance(name, value, routes, findings);
    else findings.unread(`label ${name}`, 'it configures nginx');
  }
}

/**
 * nginx-proxy sends clients to https wherever it has a certificate for the host, which is not known here: where somebody says so, or
 * names a certificate. `nohttp` closes the port to others; here they are sent to https, too.
 */
function readHttps(words: ReadonlyMap<string, string>, routes: readonly Settings[], findings: Findings): void {
  const method = words.get('HTTPS_METHOD')?.trim() ?? '';
  const certificate = words.get('CERT_NAME')?.trim() ?? '';
  if (method === 'nohttps') findings.unread('HTTPS_METHOD=nohttps', 'who comes by TLS is served, too');
  else if (method !== '' && method !== 'noredirect' && method !== 'redirect' && method !== 'nohttp')
    findings.unread(`HTTPS_METHOD=${method}`, 'no such method');
  if (method === 'noredirect' || method === 'nohttps' || (method === '' && certificate === '')) return;
  const word = method === '' ? `CERT_NAME=${certificate}` : `HTTPS_METHOD=${method}`;
  // It goes on without TLS where it has no certificate.
  for (const settings of routes) settings.secure = { word, status: 301, ...(method === 'nohttp' ? {} : { unasked: true }) };
}

const METHODS: ReadonlyMap<string, string> = new Map([
  ['round_robin', 'roundrobin'],
  ['least_conn', 'leastconn'],
  ['ip_hash', 'source'],
  ['random', 'random'],
  ['random two least_conn', 'random(2)'],
  ['random two', 'random(2)'],
  ['hash $remote_addr', 'source'],
  ['hash $remote_addr consistent', 'source'],
  ['hash $request_uri', 'uri'],
  ['hash $request_uri consistent', 'uri'],
]);

function readLoadBalance(label: string, value: string, routes: readonly Settings[], findings: Findings): void {
  const method = METHODS.get(value.trim().replace(/;$/, '').replace(/\s+/g, ' '));
  const read = method === undefined ? undefined : readBalance(method);
  if (read === undefined || 'error' in read)
    findings.unread(`label ${label}=${value}`, `of its methods ${[...METHODS.keys()].join(', ')} are known`);
  else for (const settings of routes) settings.balance = read.value;
}

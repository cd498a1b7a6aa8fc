/**
 * EasyHAProxy: `easyhaproxy.DEFINITION.KEY`, a definition for each thing that a container serves.
 *
 * Its `port` is the one that clients come to; `localport` is the container's. It knows no services: whatever has the same
 * host is balanced, and so each host is a pool.
 */

import { readBalance } from '../../config/keywords/balance.ts';
import { readInteger } from '../../config/values.ts';
import { Findings, plainPort, poolOf } from './findings.ts';
import { type Labels, noSettings, type Settings, type Subject } from './settings.ts';
import { readHost } from './words.ts';

const LABEL = /^easyhaproxy\.([^.]+)\.(.+)$/;

/** Keys without which requests are answered all the same, and why they are not read. */
const UNREAD: ReadonlyMap<string, string> = new Map([
  ['certbot', 'Fairlead gets no certificates: a bind line has them (crt, self-signed)'],
  ['letsencrypt', 'Fairlead gets no certificates: a bind line has them (crt, self-signed)'],
  ['sslcert', 'certificates and keys stand in files that a bind line names, not in labels'],
  ['ssl-check', 'it is for mode tcp'],
  ['redirect', 'labels redirect to https alone'],
  ['health-check', 'it is for mode tcp'],
  ['status', 'Fairlead has nothing like it'],
]);

const KNOWN: ReadonlySet<string> = new Set([
  'host',
  'localport',
  'port',
  'mode',
  'balance',
  'redirect_ssl',
  'proto',
  'ssl',
  'clone_to_ssl',
]);

type Words = ReadonlyMap<string, { readonly label: string; readonly value: string }>;

export function readEasyHaproxy({ labels, exposed }: Subject): Labels | undefined {
  const definitions = new Map<string, Map<string, { label: string; value: string }>>();
  for (const [label, value] of [...labels].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [, name = '', key = ''] = LABEL.exec(label) ?? [];
    if (name !== '') definitions.set(name, (definitions.get(name) ?? new Map()).set(key.toLowerCase(), { label, value: value.trim() }));
  }
  if (definitions.size === 0) return undefined;
  const findings = new Findings();
  for (const [name, words] of definitions) readDefinition(name, words, exposed, findings);
  return findings.labels('easyhaproxy');
}

function readDefinition(name: string, words: Words, exposed: readonly number[], findings: Findings): void {
  const mode = words.get('mode')?.value.toLowerCase() ?? 'http';
  if (mode !== 'http') {
    findings.unread(`label ${words.get('mode')?.label}=${mode}`, 'only http is routed');
    return;
  }
  const base = noSettings();
  base.port = portOf(words, exposed, findings);
  for (const [key, { label, value }] of words) readKey(key, label, value, base, findings);
  const hosts = words.get('host');
  if (hosts === undefined) findings.warnings.push(`definition ${name} has no label easyhaproxy.${name}.host`);
  for (const text of hosts?.value.split(/[\s,]+/) ?? []) {
    const host = text === '' ? undefined : readHost(text);
    if (typeof host === 'string') findings.errors.push(`label ${hosts?.label}=${hosts?.value} ${host}`);
    else if (host !== undefined) add(host, words.get('port')?.value, base, findings);
  }
}

/** Hosts of another listening port are another pool: there the same host may be something else. */
function add(host: NonNullable<Settings['hosts']>[number], listening: string | undefined, base: Settings, findings: Findings): void {
  const plain = listening === undefined || listening === '80' || listening === '443';
  const service = `${poolOf([host], '/', false)}${plain ? '' : `-${listening}`}`;
  findings.add(service, { ...base, hosts: [host], service });
}

function portOf(words: Words, exposed: readonly number[], findings: Findings): number | undefined {
  const word = words.get('localport');
  if (word === undefined) return plainPort(exposed);
  const read = readInteger(word.value, word.label, 1, 65535);
  if ('value' in read) return read.value;
  findings.errors.push(`label ${word.label}=${word.value} is not a whole number from 1 to 65535`);
  return undefined;
}

function readKey(key: string, label: string, value: string, into: Settings, findings: Findings): void {
  const unread = UNREAD.get(key);
  if (unread !== undefined) findings.unread(`label ${label}`, unread);
  else if (!KNOWN.has(key)) {
    findings.errors.push(`label ${label} is not known here, and the container might be open to people whom it keeps out`);
  } else if (key === 'port' && value !== '80' && value !== '443') {
    findings.unread(`label ${label}=${value}`, 'on which ports clients come frontends decide');
  } else if (key === 'proto' && value !== '' && value !== 'http')
    findings.unread(`label ${label}=${value}`, 'servers are spoken to by HTTP/1.1');
  else if (key === 'ssl' && value.toLowerCase() === 'true') into.secure = { word: `label ${label}`, status: 302 };
  else if (key === 'redirect_ssl' && value.toLowerCase() === 'true') into.redirect = 301;
  else if (key === 'balance') {
    const balance = readBalance(value);
    if ('error' in balance) findings.errors.push(`label ${label}=${value} is refused: ${balance.error}`);
    else into.balance = balance.value;
  }
}

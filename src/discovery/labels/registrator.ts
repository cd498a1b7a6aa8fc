/**
 * registrator: every port that it would register is a pool by the service's name. It knows no hosts, so that a service is
 * routed as `<name>.<domain>`, where the line has a domain.
 *
 * Its checks are those that it asks Consul for: passing is 200 to 299, every 10 seconds where nothing else is said.
 */

import { type Findings, readDuration } from './findings.ts';
import { type Registration, readRegistrations } from './registration.ts';
import { type Labels, noSettings, type ReaderContext, type ServerWords, type Settings, type Subject } from './settings.ts';
import { isTarget, isToken, readHost } from './words.ts';

const DEFAULT_INTERVAL = 10_000;

export function readRegistrator(subject: Subject, { domains }: ReaderContext): Labels | undefined {
  const found = readRegistrations(subject);
  if (found === undefined) return undefined;
  const { services, findings } = found;
  for (const service of services) {
    const hosts = domains.map((domain) => readHost(`${service.name}.${domain}`));
    const bad = hosts.find((host) => typeof host === 'string');
    if (bad !== undefined) findings.errors.push(`service name '${service.name}' ${bad}`);
    const named = hosts.filter((host) => typeof host !== 'string');
    const settings = { ...noSettings(), service: service.name, port: service.port, hosts: named.length === 0 ? undefined : named };
    readChecks(service, settings, findings);
    findings.add(service.name, settings);
  }
  return findings.labels('registrator');
}

/** SERVICE_CHECK_*: the first of HTTP, HTTPS and TCP counts. */
export function readChecks({ attributes }: Registration, into: Settings, findings: Findings): void {
  const http = attributes.get('check_http');
  const https = attributes.get('check_https');
  const tcp = attributes.get('check_tcp');
  if ((http ?? https ?? tcp)?.value.trim() === '' || (http ?? https ?? tcp) === undefined) return;
  const asked = http ?? https;
  into.check = true;
  into.server = [intervalOf(attributes, findings)];
  if (asked !== undefined) {
    const path = asked.value.trim();
    const method = attributes.get('check_http_method');
    const word = method?.value.trim().toUpperCase() || 'GET';
    if (!isTarget(path)) findings.errors.push(`${asked.label}=${asked.value} is not a path`);
    if (!isToken(word)) findings.errors.push(`${method?.label}=${method?.value} is not a method`);
    into.httpCheck = { method: word, path, statuses: [[200, 299]] };
    if (asked === https) into.server = [...into.server, { label: asked.label, words: ['check-ssl'] }];
  }
  into.checkTimeout = timeoutOf(attributes, findings);
}

function intervalOf(attributes: Registration['attributes'], findings: Findings): ServerWords {
  const word = attributes.get('check_interval');
  const interval = word === undefined ? DEFAULT_INTERVAL : readDuration(word.value);
  if (word !== undefined && interval === undefined) findings.errors.push(`${word.label}=${word.value} is not a time`);
  return { label: word?.label ?? 'SERVICE_CHECK_INTERVAL', words: ['inter', String(interval ?? DEFAULT_INTERVAL)] };
}

function timeoutOf(attributes: Registration['attributes'], findings: Findings): number | undefined {
  const word = attributes.get('check_timeout');
  if (word === undefined) return undefined;
  const timeout = readDuration(word.value);
  if (timeout === undefined) findings.errors.push(`${word.label}=${word.value} is not a time`);
  return timeout;
}

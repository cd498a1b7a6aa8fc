/** Our own lines: which engines there are, and which containers are servers (`docker`, `docker-servers`, `docker-routes`). */

import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { didYouMean } from '../../core/suggest.ts';
import { isHostName, readPort, splitHostPort } from '../address.ts';
import type { DockerDraft, Mutable, ProxyDraft } from '../draft.ts';
import { finishServer } from '../draft-server.ts';
import type { CompatName, DockerSelector, RolloutMode } from '../model.ts';
import type { Row, Statement } from '../row.ts';
import type { Read } from '../values.ts';
import { joinCompat, readCompat } from './compat.ts';
import { fileRow, readDomains, report, sectionNames, splitPair, splitWords } from './line-words.ts';
import { NEAR_SYNTAX, NEAR_WORDS, takeNear } from './near.ts';
import { serverOf } from './servers.ts';

type Selectors = Mutable<Omit<DockerSelector, 'labels'>> & { labels: { key: string; value: string | undefined }[] };

/** Each answers the error to report, or undefined. */
const SELECTORS: Readonly<Record<string, (selector: Selectors, value: string) => string | undefined>> = {
  image: text('image'),
  name: text('name'),
  service: text('service'),
  project: text('project'),
  network: text('network'),
  members: text('members'),
  engine: (selector, value) => {
    const names = sectionNames(value, 'engine', 'docker');
    if ('error' in names) return names.error;
    selector.engines = names.value;
    return undefined;
  },
  label: (selector, value) => {
    const equals = value.indexOf('=');
    selector.labels.push(equals < 0 ? { key: value, value: undefined } : { key: value.slice(0, equals), value: value.slice(equals + 1) });
    return undefined;
  },
  port: (selector, value) => {
    const port = readPort(value);
    if ('error' in port) return port.error;
    selector.port = port.value;
    return undefined;
  },
  rollout: (selector, value) => {
    const mode = readRollout(value);
    if ('error' in mode) return mode.error;
    selector.rollout = mode.value;
    return undefined;
  },
  address: (selector, value) => {
    if (value !== 'container' && value !== 'published') return `'address' is 'container' or 'published', not '${value}'`;
    selector.address = value;
    return undefined;
  },
};

function text(key: 'image' | 'name' | 'service' | 'project' | 'network' | 'members'): (selector: Selectors, value: string) => undefined {
  return (selector, value) => {
    selector[key] = value;
    return undefined;
  };
}

function readRollout(value: string): Read<RolloutMode> {
  if (value === 'config' || value === 'image' || value === 'off') return { value };
  return { error: `'rollout' is 'config', 'image' or 'off', not '${value}'` };
}

/** What says which containers; the others say how to reach those. */
const CHOOSING: readonly string[] = ['image', 'label', 'name', 'service', 'project', 'network', 'members'];

function parseDockerServers(proxy: ProxyDraft, line: Statement): void {
  const { pairs, parameters } = splitWords(line.words, []);
  const selector: Selectors = {
    image: undefined,
    labels: [],
    name: undefined,
    service: undefined,
    project: undefined,
    network: undefined,
    members: undefined,
    port: undefined,
    address: undefined,
    engines: [],
  };
  const { near, others } = takeNear(line, pairs);
  for (const word of others) {
    const [key, value] = splitPair(word);
    const set = Object.hasOwn(SELECTORS, key) ? SELECTORS[key] : undefined;
    const known = [...Object.keys(SELECTORS), ...NEAR_WORDS];
    if (set === undefined) line.fail(`'docker-servers' : unknown selector '${key}'${didYouMean(key, known) || '.'}`);
    else if (value === '') line.fail(`'docker-servers' : selector '${key}' expects a value.`);
    else report(line, set(selector, key === 'members' ? resolve(line.cwd, value) : value));
  }
  if (!pairs.some((word) => CHOOSING.includes(splitPair(word)[0]))) {
    line.fail(`'docker-servers' expects at least one of ${CHOOSING.map((key) => `${key}=`).join(', ')}: which containers are meant?`);
  }
  const other = proxy.dockerServers.find((one) => one.selector.members !== undefined)?.place;
  if (selector.members !== undefined && other !== undefined) {
    line.fail(`'docker-servers' : members= stands at ${other.file}:${other.line} already; a section has one such list.`);
  }
  const template = finishServer(serverOf(proxy, line, "'docker-servers' : ", parameters));
  proxy.dockerServers.push({ place: line.place, selector, near, template, parameters });
}

const ROUTE_WORDS = ['domain', 'prefix', 'opt-in', 'compat', 'engine', 'network', 'rollout', ...NEAR_WORDS];

function parseDockerRoutes(proxy: ProxyDraft, line: Statement): void {
  const { pairs, parameters } = splitWords(joinCompat(line.words, ['opt-in']), ['opt-in']);
  const domains: string[] = [];
  let prefix = 'fairlead.';
  let optIn = false;
  let compat: readonly CompatName[] = [];
  let engines: readonly string[] = [];
  let network: string | undefined;
  let rollout: RolloutMode | undefined;
  const { near, others } = takeNear(line, pairs);
  for (const word of others) {
    const [key, value] = splitPair(word);
    if (word === 'opt-in') optIn = true;
    else if (!ROUTE_WORDS.includes(key)) line.fail(`'docker-routes' : unknown word '${key}'${didYouMean(key, ROUTE_WORDS) || '.'}`);
    else if (value === '') line.fail(`'docker-routes' : '${key}' expects a value.`);
    else if (key === 'domain') domains.push(...readDomains(line, value));
    else if (key === 'prefix') prefix = value.endsWith('.') ? value : `${value}.`;
    else if (key === 'compat') {
      const names = readCompat(value);
      if ('error' in names) line.fail(`'docker-routes' : ${names.error}`);
      else compat = names.value;
    } else if (key === 'engine') {
      const names = sectionNames(value, 'engine', 'docker');
      if ('error' in names) report(line, names.error);
      else engines = names.value;
    } else if (key === 'rollout') {
      const mode = readRollout(value);
      if ('error' in mode) report(line, mode.error);
      else rollout = mode.value;
    } else if (key === 'network') network = value;
  }
  const template = finishServer(serverOf(proxy, line, "'docker-routes' : ", parameters));
  proxy.dockerRoutes.push({ place: line.place, domains, prefix, optIn, compat, engines, network, near, rollout, template });
}

export const dockerProxyRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'docker-routes',
    sections: ['frontend', 'listen'],
    syntax: `[domain=<domain>[,...]] [prefix=<prefix>] [opt-in] [compat <tool>[,...]] [engine=<name>[,...]] [network=<name>] ${NEAR_SYNTAX} [rollout={config|image|off}] [<server parameters>]`,
    default: 'prefix=fairlead.',
    chapter: '',
    doc: 'Routes hosts to the services of a Docker engine as the labels of their containers say; each service becomes a backend. `compat` reads labels and environment of other tools as well (`traefik`, `caddy`, `easyhaproxy`, `nginx-proxy`, `camptocamp`, `registrator`, or `all`).',
    strict: true,
    parse: parseDockerRoutes,
  },
  {
    name: 'docker-servers',
    sections: ['listen', 'backend'],
    syntax: `{image=<image>|label=<key>[=<value>]|name=<name>|service=<name>|project=<name>|network=<name>|members=<file>}... [port=<port>] [address={container|published}] [engine=<name>[,...]] ${NEAR_SYNTAX} [rollout={config|image|off}] [<server parameters>]`,
    chapter: '',
    doc: 'Makes every running container that matches all selectors a server of this backend, for as long as it runs. `*` in `name=` stands for any characters; `members=` names a file that lists container ids, which the Runtime API changes.',
    min: 1,
    strict: true,
    parse: parseDockerServers,
  },
];

/** What is wrong with it; a name is looked up, and a socket opened, only when it is used. */
function endpointError(text: string): string | undefined {
  const expected = `expects unix:///path, tcp://host:port or ssh://user@host, found '${text}'`;
  const [, scheme, rest = ''] = /^(unix|tcp|ssh):\/\/(.+)$/.exec(text) ?? [];
  if (scheme === undefined) return expected;
  if (scheme === 'unix') return /^\/./.test(rest) ? undefined : expected;
  const { host, port } = splitHostPort(scheme === 'ssh' ? rest.slice(rest.lastIndexOf('@') + 1) : rest);
  if (isIP(host) === 0 && !isHostName(host)) return expected;
  if (port === undefined) return scheme === 'ssh' ? undefined : expected;
  const number = readPort(port);
  return 'error' in number ? `: ${number.error} in '${text}'` : undefined;
}

export const dockerRows: readonly Row<DockerDraft>[] = [
  {
    name: 'endpoint',
    sections: ['docker'],
    syntax: '{unix://<path>|tcp://<host>:<port>|ssh://<user>@<host>}',
    default: '`DOCKER_HOST`, else `unix:///var/run/docker.sock`',
    chapter: '',
    doc: 'Where the engine listens.',
    min: 1,
    max: 1,
    parse: (docker, line) => {
      docker.endpoint = line.first;
      const error = endpointError(line.first);
      if (error !== undefined) line.fail(`'endpoint' ${error}.`);
    },
  },
  fileRow('docker', 'tls-ca', 'tlsCa', "The certificate authority that signed the engine's certificate."),
  fileRow('docker', 'tls-cert', 'tlsCert', 'Our own certificate for the engine; it needs its `tls-key`.'),
  fileRow('docker', 'tls-key', 'tlsKey', 'The key of `tls-cert`.'),
];

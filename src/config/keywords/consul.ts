/** Our own lines: which Consul agents there are, and which services are servers (`consul`, `consul-servers`, `consul-routes`). */

import { didYouMean } from '../../core/suggest.ts';
import { readConsulEndpoint } from '../consul-endpoint.ts';
import type { ConsulDraft, Mutable, ProxyDraft } from '../draft.ts';
import { finishServer } from '../draft-server.ts';
import type { ConsulRoutesConfig, ConsulServersConfig } from '../model.ts';
import type { Row, Statement } from '../row.ts';
import { readTime } from '../values.ts';
import { fileRow, readDomains, report, sectionNames, splitPair, splitWords } from './line-words.ts';
import { NEAR_WORDS, takeNear } from './near.ts';
import { serverOf } from './servers.ts';

type Words = Mutable<Omit<ConsulServersConfig & ConsulRoutesConfig, 'template'>> & { tags: string[]; domains: string[] };

type Setter = (words: Words, value: string, line: Statement) => void;

/** Words of both lines. */
const COMMON: Readonly<Record<string, Setter>> = {
  consul: (words, value, line) => {
    const names = sectionNames(value, 'consul', 'consul');
    if ('error' in names) report(line, names.error);
    else words.agents = names.value;
  },
  dc: (words, value) => {
    words.datacenter = value;
  },
};

const SERVER_WORDS: Readonly<Record<string, Setter>> = {
  service: (words, value) => {
    words.service = value;
  },
  tag: (words, value) => {
    words.tags.push(value);
  },
  ...COMMON,
};

const ROUTE_WORDS: Readonly<Record<string, Setter>> = {
  domain: (words, value, line) => {
    words.domains.push(...readDomains(line, value));
  },
  'tag-prefix': (words, value) => {
    words.prefix = value.endsWith('.') ? value : `${value}.`;
  },
  ...COMMON,
};

const SERVER_FLAGS = ['passing'];
const ROUTE_FLAGS = ['passing', 'opt-in'];

/** Reads the words of the line into one that asks for nothing yet; answers the parameters of a server behind them. */
function readWords(line: Statement, setters: Readonly<Record<string, Setter>>, flags: readonly string[]): [Words, readonly string[]] {
  const { pairs, parameters } = splitWords(line.words, flags);
  const { near, others } = takeNear(line, pairs, "'_agent' or the name of a node");
  const words: Words = {
    place: line.place,
    agents: [],
    datacenter: undefined,
    near,
    passing: false,
    service: '',
    tags: [],
    domains: [],
    prefix: 'fairlead.',
    optIn: false,
  };
  for (const word of others) {
    const [key, value] = splitPair(word);
    const set = Object.hasOwn(setters, key) ? setters[key] : undefined;
    if (word === 'passing') words.passing = true;
    else if (word === 'opt-in') words.optIn = true;
    else if (set === undefined) {
      line.fail(`'${line.keyword}' : unknown word '${key}'${didYouMean(key, [...Object.keys(setters), ...NEAR_WORDS, ...flags]) || '.'}`);
    } else if (value === '') line.fail(`'${line.keyword}' : '${key}' expects a value.`);
    else set(words, value, line);
  }
  return [words, parameters];
}

function parseConsulServers(proxy: ProxyDraft, line: Statement): void {
  const [{ domains: _domains, prefix: _prefix, optIn: _optIn, ...words }, parameters] = readWords(line, SERVER_WORDS, SERVER_FLAGS);
  if (words.service === '') line.fail("'consul-servers' expects service=<name>: which service is meant?");
  const template = finishServer(serverOf(proxy, line, "'consul-servers' : ", parameters));
  proxy.consulServers.push({ ...words, template });
}

function parseConsulRoutes(proxy: ProxyDraft, line: Statement): void {
  const [{ service: _service, tags: _tags, ...words }, parameters] = readWords(line, ROUTE_WORDS, ROUTE_FLAGS);
  const template = finishServer(serverOf(proxy, line, "'consul-routes' : ", parameters));
  proxy.consulRoutes.push({ ...words, template });
}

export const consulProxyRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'consul-routes',
    sections: ['frontend', 'listen'],
    syntax:
      '[domain=<domain>[,...]] [tag-prefix=<prefix>] [opt-in] [passing] [dc=<name>] [near={_agent|<node>} [far={backup|<percent>%}]] [consul=<name>[,...]] [<server parameters>]',
    default: 'tag-prefix=fairlead.',
    chapter: '',
    doc: "Routes hosts to the services of a Consul catalogue, by their names and as their instances' tags say; each service becomes a backend.",
    strict: true,
    parse: parseConsulRoutes,
  },
  {
    name: 'consul-servers',
    sections: ['listen', 'backend'],
    syntax:
      'service=<name> [tag=<tag>]... [passing] [dc=<name>] [near={_agent|<node>} [far={backup|<percent>%}]] [consul=<name>[,...]] [<server parameters>]',
    chapter: '',
    doc: 'Makes every instance of a service in a Consul catalogue a server of this backend, for as long as it is registered.',
    min: 1,
    strict: true,
    parse: parseConsulServers,
  },
];

function textRow(name: string, key: 'token' | 'datacenter', syntax: string, more: { default: string; doc: string }): Row<ConsulDraft> {
  return {
    name,
    sections: ['consul'],
    syntax,
    chapter: '',
    ...more,
    min: 1,
    max: 1,
    parse: (consul, line) => {
      consul[key] = line.first;
    },
  };
}

/** Consul's own limit for how long a question may be held. */
const LONGEST_WAIT = 600_000;

export const consulRows: readonly Row<ConsulDraft>[] = [
  {
    name: 'endpoint',
    sections: ['consul'],
    syntax: '{http://<host>:<port>|https://<host>:<port>|unix://<path>}',
    default: '`CONSUL_HTTP_ADDR`, else `http://127.0.0.1:8500`',
    chapter: '',
    doc: 'Where the agent listens.',
    min: 1,
    max: 1,
    parse: (consul, line) => {
      consul.endpoint = line.first;
      const read = readConsulEndpoint(line.first);
      if ('error' in read) line.fail(`'endpoint' ${read.error}.`);
    },
  },
  textRow('token', 'token', '<secret>', {
    default: '`CONSUL_HTTP_TOKEN`',
    doc: 'The ACL token. It needs `service:read` and `node:read` for what is to be seen.',
  }),
  fileRow('consul', 'token-file', 'tokenFile', 'A file that holds the ACL token; it is read again for each question.'),
  fileRow('consul', 'tls-ca', 'tlsCa', "The certificate authority that signed the agent's certificate."),
  fileRow('consul', 'tls-cert', 'tlsCert', 'Our own certificate for the agent; it needs its `tls-key`.'),
  fileRow('consul', 'tls-key', 'tlsKey', 'The key of `tls-cert`.'),
  textRow('datacenter', 'datacenter', '<name>', { default: "the agent's own", doc: 'The data center that is asked about.' }),
  {
    name: 'stale',
    sections: ['consul'],
    syntax: '',
    chapter: '',
    doc: 'Any Consul server may answer, not the leader alone: cheaper, there without a leader, and possibly a moment behind.',
    max: 0,
    parse: (consul) => {
      consul.stale = true;
    },
  },
  {
    name: 'wait',
    sections: ['consul'],
    syntax: '<time>',
    default: '1m',
    chapter: '',
    doc: 'How long the agent may hold a question while nothing changes, from 1s to 10m. An agent that says nothing for so long and ten seconds more is away.',
    min: 1,
    max: 1,
    parse: (consul, line) => {
      const wait = line.value(readTime(line.first, 'wait'));
      if (wait === undefined) return;
      if (wait < 1000 || wait > LONGEST_WAIT) line.fail(`'wait' expects a time from 1s to 10m, found '${line.first}'.`);
      else consul.wait = wait;
    },
  },
];

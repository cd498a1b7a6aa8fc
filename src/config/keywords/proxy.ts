/** All keywords of proxies, and those that fit nowhere else (manual 4.2). */

import { didYouMean } from '../../core/suggest.ts';
import type { ProxyDraft } from '../draft.ts';
import type { HttpReuse } from '../model.ts';
import { ANY_PROXY, BACK, FRONT, type Row } from '../row.ts';
import { readInteger } from '../values.ts';
import { balanceRows } from './balance.ts';
import { bindRows } from './bind.ts';
import { captureRows } from './capture.ts';
import { checkRows } from './check.ts';
import { consulProxyRows } from './consul.ts';
import { persistenceRows } from './cookie.ts';
import { dockerProxyRows } from './docker.ts';
import { errorfileRows } from './errorfile.ts';
import { fileProxyRows } from './file.ts';
import { proxyLogRows } from './log.ts';
import { logStyleRows } from './log-style.ts';
import { monitorRows } from './monitor.ts';
import { optionRows } from './options.ts';
import { rateLimitRows } from './rate-limits.ts';
import { retryRows } from './retry.ts';
import { ruleRows } from './rules.ts';
import { stateRows } from './server-state.ts';
import { serverRows } from './servers.ts';
import { statsRows } from './stats.ts';
import { stickRows } from './stick.ts';
import { timeoutRows } from './timeouts.ts';

const REUSE: readonly HttpReuse[] = ['never', 'safe', 'aggressive', 'always'];

const generalRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'description',
    sections: ['frontend', 'listen', 'backend'],
    syntax: '<text>',
    chapter: '4.2',
    doc: 'What this section is for; shown in the statistics where asked for.',
    min: 1,
    missing: "'description' expects a string argument.",
    parse: (proxy, line) => {
      proxy.description = line.words.join(' ');
    },
  },
  {
    name: 'disabled',
    sections: ANY_PROXY,
    syntax: '',
    chapter: '4.2',
    doc: 'The section is checked but not started.',
    max: 0,
    parse: (proxy) => {
      proxy.disabled = true;
    },
  },
  {
    name: 'enabled',
    sections: ANY_PROXY,
    syntax: '',
    chapter: '4.2',
    doc: 'Takes back a `disabled` of the defaults.',
    max: 0,
    parse: (proxy) => {
      proxy.disabled = false;
    },
  },
  {
    name: 'fullconn',
    sections: BACK,
    syntax: '<number>',
    default: '10 % of the `maxconn` of the frontends that may reach the backend',
    chapter: '4.2',
    doc: 'The number of requests at which the backend is called fully loaded.',
    min: 1,
    max: 1,
    missing: "'fullconn' expects an integer argument.",
    parse: (proxy, line) => {
      proxy.fullconn = line.value(readInteger(line.first, 'fullconn')) || undefined;
    },
  },
  {
    name: 'http-reuse',
    sections: BACK,
    syntax: '{never|safe|aggressive|always}',
    default: 'safe',
    chapter: '4.2',
    doc: "Which idle connections to servers a request may be sent on: with `never` those of its own client alone; with `safe` anybody's, but for a client's first request that could not be sent again; with `aggressive` also for the first, on one that has been reused before; with `always` on any. A connection that its server has answered on with an NTLM or Negotiate challenge is for its own client alone from then on.",
    min: 1,
    max: 1,
    missing: "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.",
    parse: (proxy, line) => {
      const mode = REUSE.find((word) => word === line.first);
      if (mode !== undefined) proxy.httpReuse = mode;
      else line.fail(`'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'${didYouMean(line.first, REUSE) || '.'}`);
    },
  },
  {
    name: 'id',
    sections: ['frontend', 'listen', 'backend'],
    syntax: '<number>',
    default: 'its place in the configuration',
    chapter: '4.2',
    doc: 'The number of the section in the statistics (`iid`).',
    min: 1,
    max: 1,
    missing: "'id' expects an integer argument.",
    parse: (proxy, line) => {
      const id = line.value(readInteger(line.first, 'id', 1));
      if (id === undefined) return;
      proxy.id = id;
      proxy.idAt = line.place;
    },
  },
  {
    name: 'maxconn',
    sections: FRONT,
    syntax: '<number>',
    default: 'the `maxconn` of `global`',
    chapter: '4.2',
    doc: 'The most connections of the section at the same time; further ones are accepted and wait unread, in the order they came.',
    min: 1,
    max: 1,
    missing: "'maxconn' expects an integer argument.",
    parse: (proxy, line) => {
      proxy.maxconn = line.value(readInteger(line.first, 'maxconn')) || undefined;
    },
  },
  {
    name: 'mode',
    sections: ANY_PROXY,
    syntax: '{tcp|http}',
    default: 'tcp; http where `docker-routes` or `consul-routes` stands',
    chapter: '4.2',
    doc: 'With `http` each request is balanced for itself; with `tcp` a whole connection is, and its bytes pass as they are.',
    min: 1,
    max: 1,
    missing: "unknown proxy mode ''.",
    parse: (proxy, line) => {
      if (line.first === 'http' || line.first === 'tcp') proxy.mode = { place: line.place, name: line.first };
      else if (line.first === 'health')
        line.fail("'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead.");
      else line.fail(`unknown proxy mode '${line.first}'${didYouMean(line.first, ['http', 'tcp']) || '.'}`);
    },
  },
];

export const proxyRows: readonly Row<ProxyDraft>[] = [
  ...ruleRows,
  ...balanceRows,
  ...bindRows,
  ...captureRows,
  ...checkRows,
  ...consulProxyRows,
  ...dockerProxyRows,
  ...errorfileRows,
  ...fileProxyRows,
  ...generalRows,
  ...logStyleRows,
  ...optionRows,
  ...persistenceRows,
  ...proxyLogRows,
  ...rateLimitRows,
  ...retryRows,
  ...serverRows,
  ...stateRows,
  ...statsRows,
  ...monitorRows,
  ...stickRows,
  ...timeoutRows,
];

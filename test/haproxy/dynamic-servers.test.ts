/** Servers that come and go by the Runtime API, beside HAProxy's: what is taken, what is refused, what the statistics have of them. */

import { after, before, describe, it } from 'node:test';
import { parseStats } from '../support/stats.ts';
import { answerAlike, columnsBut, DEFAULTS, firstCheck, type Sides, skip, startSides, stopSides } from './side-by-side.ts';

const CONFIG = `
global
    nbthread 1
    maxconn 200
    stats socket %DIR%/ctl level admin
    stats socket %DIR%/operator
${DEFAULTS}
frontend web
    bind unix@%DIR%/web
    default_backend app
backend app
    default-server weight 7 maxconn 3
    server s1 127.0.0.1:1 check inter 1h
    server s2 127.0.0.1:1 id 5
    server follower 127.0.0.1:1 track app/s1
    server plain 127.0.0.1:1
    server chosen 127.0.0.1:1
    use-server chosen if { path /chosen }
backend least
    balance leastconn
backend first
    balance first
backend random
    balance random
backend static
    balance static-rr
backend source
    balance source
backend consistent
    balance source
    hash-type consistent
backend cookies
    cookie SRV insert
    server c1 127.0.0.1:1 cookie c1
backend tcp
    mode tcp
backend checked
    option httpchk GET /
listen both
    bind unix@%DIR%/both
    server b1 127.0.0.1:1
`;

const SCRIPT: readonly (readonly [what: string, lines: readonly string[]])[] = [
  [
    'what is no server',
    [
      'add server',
      'add server app',
      'add server app/',
      'add server /x',
      'add server app/x',
      'add server nope/x',
      'add server nope/x 127.0.0.1',
      'add server web/x 127.0.0.1:1',
      'add server app/s1 127.0.0.1:1',
      'add server app/s1 foo',
      'add server app/s1 :80',
      'add server app/s1 127.0.0.1:+1',
      'add server app/s1 300.1.1.1',
      'add server app/s1 127.0.0.1:99999',
      'add server app/s1 127.0.0.1 bogus',
      'add server app/s1 127.0.0.1 track nope/x',
      'add server app/a*b 127.0.0.1:1',
      'add server app/#9 127.0.0.1:1',
      'add server app/x 127.0.0.1:80-90',
      'add server app/x 127.0.0.1:1 bogus',
      'add server app/x 127.0.0.1:1 check bogus',
      'add server app/x 127.0.0.1:1 cookie x',
      'add server app/x 127.0.0.1:1 check cookie x bogus',
      'add server app/x 127.0.0.1:1 stick',
      'add server app/x 127.0.0.1:1 non-stick',
      'add server app/x 127.0.0.1:1 redir /x',
      'add server app/x 127.0.0.1:1 resolvers x',
      'add server app/x 127.0.0.1:1 resolve-prefer ipv4',
      'add server app/x 127.0.0.1:1 init-addr none',
      'add server app/x 127.0.0.1:1 namespace x',
      'add server app/x 127.0.0.1:1 max-reuse 5',
      'add server app/x 127.0.0.1:1 no-check',
      'add server app/x 127.0.0.1:1 log-proto legacy',
      'add server app/x 127.0.0.1:1 id 5',
      'add server app/x 127.0.0.1:1 id 1',
      'add server app/x 127.0.0.1:1 id 3',
      'add server app/x 127.0.0.1:1 id 0',
      'add server app/x 127.0.0.1:1 id -1',
      'add server app/x 127.0.0.1:1 id x',
      'add server app/x 127.0.0.1:1 weight 257',
      'add server app/x 127.0.0.1:1 weight -1',
      'add server app/x 127.0.0.1:1 check rise 0',
      'add server app/x 127.0.0.1:1 check fall 0',
      'add server app/x 127.0.0.1:1 check inter 0',
      'add server app/x 127.0.0.1:1 check fastinter 0',
      'add server app/x 127.0.0.1:1 check downinter 0',
      'add server app/x 127.0.0.1:1 agent-check agent-port 5 agent-inter 0',
      'add server app/x 127.0.0.1:1 error-limit 0',
      'add server app/x 127.0.0.1:1 error-limit x',
      'add server app/x 127.0.0.1:1 pool-max-conn -2',
      'add server app/x 127.0.0.1:1 track app/nope',
      'add server app/x 127.0.0.1:1 track nope',
      'add server app/x 127.0.0.1:1 check track app/s1',
      'add server app/x 127.0.0.1:1 agent-check',
      'add server app/x 127.0.0.1 check',
      'add server static/x 127.0.0.1:1',
      'add server source/x 127.0.0.1:1',
      'show servers state',
    ],
  ],
  [
    'what is no server of TLS',
    [
      'add server app/x 127.0.0.1:1 ssl',
      'add server app/x 127.0.0.1:1 ssl verify required',
      'add server app/x 127.0.0.1:1 check check-ssl',
      'add server app/x 127.0.0.1:1 ssl verify maybe',
      'add server app/x 127.0.0.1:1 ssl verify',
      'add server app/x 127.0.0.1:1 ssl verify none sni',
      'add server app/x 127.0.0.1:1 ssl verify none sni foo',
      'add server app/x 127.0.0.1:1 ssl verify none ciphers X',
      'add server app/x 127.0.0.1:1 ssl verify none alpn',
      'add server app/x 127.0.0.1:1 ssl verify none ssl-min-ver x',
      'add server app/x 127.0.0.1:1 ssl verify none ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2',
      'add server app/x 127.0.0.1:1 ssl verify none force-sslv3',
      'add server app/x 127.0.0.1:1 ssl verify none no-ssl',
      'add server app/x 127.0.0.1:1 ssl verify none no-check-ssl',
      'add server app/x 127.0.0.1:1 ssl verify none ssl-reuse',
      'add server app/x 127.0.0.1:1 ssl verify none ws x',
      'add server app/x 127.0.0.1:1 ssl verify none crt-list x',
    ],
  ],
  [
    'what is one',
    [
      'add server app/tls 127.0.0.1:80 ssl verify none no-ssl-reuse no-tls-tickets ssl-min-ver TLSv1.2 sni str(x) alpn http/1.1 ws h1',
      'del server app/tls',
      'add server app/n1 127.0.0.1:80',
      'add server app/n1 127.0.0.1:80',
      'add server app/n2 127.0.0.1:80 id 20 weight 5 maxconn 3 maxqueue 4 minconn 2',
      'add server app/n3 127.0.0.1',
      'add server app/n4 unix@/tmp/fairlead-test-nobody',
      'add server app/n6 127.0.0.1:80 pool-max-conn 5 pool-low-conn 1 pool-purge-delay 1s',
      'add server app/n7 127.0.0.1:80 track app/s1',
      'add server app/n8 127.0.0.1:80 track app/n7',
      'add server app/n8 127.0.0.1:80 observe layer7',
      'add server app/n9 127.0.0.1:80 slowstart 5s error-limit 3 on-error mark-down on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions',
      'add server app/n10 127.0.0.1:80 backup',
      'add server app/n11 [::1]:80',
      'add server app/n12 127.0.0.1:80 check inter 1h rise 3 fall 4',
      'add server app/n13 127.0.0.1:80 weight 256',
      'add server least/x 127.0.0.1:1',
      'add server first/x 127.0.0.1:1',
      'add server random/x 127.0.0.1:1',
      'add server consistent/x 127.0.0.1:1',
      'add server cookies/x 127.0.0.1:1',
      'add server checked/x 127.0.0.1:1 check inter 1h',
      'add server tcp/x 127.0.0.1:1 check inter 1h',
      'add server both/x 127.0.0.1:1',
      'add server #3/number 127.0.0.1:1',
      'show servers state app',
      'show servers state',
      'show stat',
      'get weight app/n1',
      'get weight app/#2',
      'set severity-output number;add server app/n1 127.0.0.1:80;add server app/told 127.0.0.1:80;del server app/told;del server app/told;add server nope/x 1.2.3.4;add server static/x 1.2.3.4',
    ],
  ],
  [
    'what becomes of them',
    [
      'enable health app/n1',
      'enable server app/n1',
      'show stat app 4 2',
      'set server app/n1 state drain',
      'set server app/n1 weight 9',
      'get weight app/n1',
      'set server app/n1 addr 127.0.0.3 port 99',
      'set maxconn server app/n1 4',
      'disable server app/n2',
      'enable server app/n7',
      'show stat app',
      'show servers state app',
      'disable server app/n7',
    ],
  ],
  [
    'who goes',
    [
      'del server',
      'del server app',
      'del server app/',
      'del server nope/x',
      'del server app/nope',
      'del server web/x',
      'del server app/plain',
      'del server app/n1',
      'disable server app/s1;del server app/s1',
      'disable server app/chosen;del server app/chosen',
      'disable server app/plain;del server app/plain',
      'disable server app/s2;del server app/s2',
      'set server app/n1 state maint;del server app/n1',
      'del server app/n7',
      'disable server app/follower;del server app/follower',
      'del server #3/#20 more',
      'del server app/n12',
      'del server least/x',
      'enable server app/plain',
      'show servers state app',
      'show stat',
      'add server app/again 127.0.0.1:80',
      'add server app/plain 127.0.0.1:80',
      'show servers state app',
    ],
  ],
];

describe('servers that come and go, side by side with HAProxy', { skip }, () => {
  let sides: Sides;

  before(async () => {
    sides = await startSides(CONFIG);
    await firstCheck(sides);
  });

  after(() => stopSides(sides));

  for (const [what, lines] of SCRIPT) {
    it(what, async () => {
      for (const line of lines) await answerAlike(sides, line, comparable);
    });
  }

  it('those who may not', async () => {
    for (const line of ['add server app/z 127.0.0.1:1', 'del server app/n2']) {
      await answerAlike(sides, line, undefined, 'operator');
    }
  });
});

/** Without what is of the moment. */
function comparable(answer: string): unknown {
  if (answer.includes('# pxname,')) return parseStats(answer).map((row) => columnsBut(OF_THE_MOMENT, row));
  return answer.replace(/\/[\w/-]+\/cfg/, 'FILE').replace(/^((?:\S+ ){9})\d+( (?:\S+ ){14})\S+$/gm, '$1AGE$2AGENT');
}

/** Also a limit of idle connections, 0 where HAProxy forgets its default, and a weight that it works out as they come up. */
const OF_THE_MOMENT = ['src_ilim', 'weight', 'algo', 'need_conn_est', 'lastchg', 'check_duration', 'downtime'];

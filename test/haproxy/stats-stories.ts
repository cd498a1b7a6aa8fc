/** What is done to HAProxy and to Fairlead before their statistics are compared. */

import { until } from '../support/wait.ts';
import { DEFAULTS, type Servers, type Side } from './side-by-side.ts';

export interface Story {
  readonly name: string;
  /** Those whose rows are compared. */
  readonly proxies: readonly string[];
  /** `%OK%` is the address of the servers, `%REFUSES%` one where nobody listens. */
  readonly config: string;
  /** Columns that are not compared, with the reason beside it. */
  readonly without?: readonly string[];
  play(side: Side, servers: Servers): Promise<unknown>;
}

export const GLOBAL = `
global
 nbthread 1
 maxconn 500
 stats socket %DIR%/ctl level admin
 node compared
${DEFAULTS}
 timeout queue 1s
 timeout check 5s
 retries 2
 http-reuse always`;

export const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;

/** Of the statistics, whose own size differs. */
const head = (path: string, more = ''): string => get(path, more).replace('GET', 'HEAD');

/** `listen <name>` on `%DIR%/<name>`. */
const listen = (name: string, lines: string): string => `listen ${name}\n bind unix@%DIR%/${name}\n${lines}`;

/** Nobody is connected to `proxy` any more. */
async function quiet(side: Side, proxy: string): Promise<void> {
  await until(`${proxy} is left`, async () => (await side.rows()).every(({ pxname, scur }) => pxname !== proxy || scur === '0'));
}

export const STORIES: readonly Story[] = [
  {
    name: 'nothing has happened',
    proxies: ['idle', 'idlefe', 'idlebe', 'none', 'idletcp'],
    config: `${listen('idle', ' server s %OK%')}
frontend idlefe
 bind unix@%DIR%/idlefe
 maxconn 33
 rate-limit sessions 70
 default_backend idlebe
backend idlebe
 server s1 %OK% maxconn 7 maxqueue 3 minconn 2 weight 10
 server s2 %OK% backup weight 20
 server s3 %OK% disabled
 server s4 %OK% pool-max-conn 4
backend none
listen idletcp
 mode tcp
 bind unix@%DIR%/idletcp
 server s %OK%`,
    play: async () => {},
  },
  {
    name: 'five requests on one connection',
    proxies: ['kept'],
    config: listen('kept', ' server s1 %OK%\n server s2 %OK%'),
    play: (side) => side.ask('kept', ...Array.from({ length: 5 }, () => get('/'))),
  },
  {
    name: 'a connection that is kept and idle',
    proxies: ['quiet'],
    config: listen('quiet', ' server s %OK%'),
    play: (side) => side.client('quiet').say(get('/')),
  },
  {
    name: 'a connection on which nothing comes',
    proxies: ['mute'],
    config: listen('mute', ' server s %OK%'),
    play: async (side) => {
      const client = side.client('mute');
      client.socket.end();
      await client.rest();
    },
  },
  {
    name: 'bad requests, and parts of one',
    proxies: ['bad'],
    config: listen('bad', ' server s %OK%'),
    play: async (side) => {
      await side.ask('bad', 'BAD\r\n\r\n');
      const client = side.client('bad');
      client.socket.end('GET / HTTP/1.1\r\nHost:');
      await client.rest();
    },
  },
  {
    name: 'a request that does not come in time',
    proxies: ['late'],
    config: listen('late', ' timeout http-request 100ms\n server s %OK%'),
    play: (side) => side.ask('late', 'GET / HTTP/1.1\r\n'),
  },
  {
    name: 'denied by rules of frontend and backend',
    proxies: ['denyfe', 'denybe'],
    // A response that is denied costs its connection here, HAProxy reads it to its end and keeps it.
    without: ['connect', 'reuse', 'idle_conn_cur', 'safe_conn_cur'],
    config: `frontend denyfe
 bind unix@%DIR%/denyfe
 http-request deny if { path /fe }
 http-request deny deny_status 429 if { path /fe429 }
 default_backend denybe
backend denybe
 http-request deny if { path /be }
 http-response deny if { status 404 }
 server s %OK%`,
    play: (side) => side.ask('denyfe', get('/fe'), get('/fe429'), get('/be'), get('/404'), get('/')),
  },
  {
    name: 'answered by the proxy',
    proxies: ['own', 'ownbe'],
    config: `frontend own
 bind unix@%DIR%/own
 stats uri /stats
 http-request redirect location /x if { path /redirect }
 http-request return status 200 content-type text/plain string hello if { path /return }
 redirect location /y if { path /old }
 default_backend ownbe
backend ownbe
 http-request return status 204 if { path /bereturn }
 http-request redirect location /z if { path /beredirect }
 server s %OK%`,
    play: (side) =>
      side.ask('own', get('/redirect'), get('/return'), get('/old'), get('/bereturn'), get('/beredirect'), head('/stats;csv'), get('/')),
  },
  {
    name: 'the statistics ask for a password',
    proxies: ['auth'],
    // HAProxy counts a page of 400 behind the refusal, and does not send it.
    without: ['bout'],
    config: `frontend auth
 bind unix@%DIR%/auth
 stats uri /stats
 stats auth a:b`,
    // HAProxy closes the connection behind the refusal, and we do not.
    play: async (side) => {
      for (const request of [get('/stats'), head('/stats;csv', 'Authorization: Basic YTpi\r\n'), get('/other')])
        await side.ask('auth', request);
    },
  },
  {
    name: 'who may see the statistics',
    proxies: ['may'],
    // As above; and HAProxy takes it for an abort that a client closes behind its refusal.
    without: ['bout', 'cli_abrt'],
    config: listen(
      'may',
      ` stats uri /stats
 stats http-request deny if { hdr(x) deny }
 stats http-request auth unless { hdr(x) ok }
 http-request auth if { path /private }
 server s %OK%`,
    ),
    play: async (side) => {
      const requests = [get('/stats', 'X: deny\r\n'), get('/stats'), head('/stats;csv', 'X: ok\r\n'), get('/private'), get('/')];
      for (const request of requests) await side.ask('may', request);
    },
  },
  {
    name: 'a monitor that asks, and forms that change nothing',
    proxies: ['asked', 'askedbe'],
    config: `frontend asked
 bind unix@%DIR%/asked
 monitor-uri /alive
 monitor fail if { hdr(x) dead }
 stats uri /stats
 default_backend askedbe
backend askedbe
 stats uri /bstats
 server s %OK%`,
    play: async (side) => {
      const form = (target: string) => `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ns=x`;
      await side.ask(
        'asked',
        get('/alive'),
        get('/alive', 'X: dead\r\n'),
        form('/stats'),
        form('/bstats'),
        head('/bstats;csv'),
        get('/alive?'),
      );
    },
  },
  {
    name: 'classes of responses',
    proxies: ['status'],
    config: listen('status', ' server s %OK%'),
    play: (side) => side.ask('status', ...['/200', '/301', '/404', '/503', '/599', '/interim', '/'].map((path) => get(path))),
  },
  {
    name: 'responses that fail',
    proxies: ['fail'],
    config: listen('fail', ' retries 0\n timeout server 200ms\n server s %OK%'),
    play: async (side) => {
      for (const path of ['/close', '/junk', '/cut', '/silent', '/last']) await side.ask('fail', get(path));
    },
  },
  {
    name: 'a connection is refused, with retries and nobody else',
    proxies: ['refused'],
    config: listen('refused', ' timeout connect 100ms\n server s %REFUSES%'),
    play: (side) => side.ask('refused', get('/')),
  },
  {
    name: 'a connection is refused, and another server asked',
    proxies: ['redispatched'],
    config: listen('redispatched', ' balance first\n option redispatch\n server s1 %REFUSES%\n server s2 %OK%'),
    play: (side) => side.ask('redispatched', get('/')),
  },
  {
    name: 'no server is there',
    proxies: ['nobody', 'nobodybe', 'alldown'],
    config: `frontend nobody
 bind unix@%DIR%/nobody
 use_backend alldown if { path /down }
 default_backend nobodybe
backend nobodybe
backend alldown
 server s %OK% disabled`,
    play: (side) => side.ask('nobody', get('/'), get('/down')),
  },
  {
    name: 'a queue, and who leaves it',
    proxies: ['queue'],
    config: listen('queue', ' timeout queue 300ms\n server s %OK% maxconn 1'),
    play: async (side, servers) => {
      const first = side.client('queue').say(get(`/hold/queue-${side.name[0]}`));
      await until('it is held', () => servers.held(`queue-${side.name[0]}`));
      await side.ask('queue', get('/'));
      const second = side.client('queue').say(get('/'));
      await until('it waits', async () => (await side.rows()).some(({ pxname, qcur }) => pxname === 'queue' && qcur === '1'));
      await servers.release(`queue-${side.name[0]}`);
      await first;
      await second;
    },
  },
  {
    name: 'cookies bind clients to servers',
    proxies: ['cookie'],
    config: listen(
      'cookie',
      ' cookie SRV insert indirect nocache\n server s1 %OK% cookie one\n server s2 %OK% cookie two\n server s3 %OK%',
    ),
    play: (side) =>
      side.ask('cookie', get('/'), get('/', 'Cookie: SRV=two\r\n'), get('/', 'Cookie: SRV=two\r\n'), get('/', 'Cookie: SRV=other\r\n')),
  },
  {
    name: 'mode tcp',
    proxies: ['tcp'],
    config: listen('tcp', ' mode tcp\n server s %OK%'),
    play: (side) => side.ask('tcp', get('/'), get('/')),
  },
  {
    name: 'mode tcp and a refused connection',
    proxies: ['tcprefused'],
    config: listen('tcprefused', ' mode tcp\n timeout connect 100ms\n server s %REFUSES%'),
    play: async (side) => {
      await side.client('tcprefused').rest();
    },
  },
  {
    name: 'rows of sockets',
    proxies: ['sockets'],
    config: `listen sockets
 bind unix@%DIR%/sockets name main
 bind unix@%DIR%/sockets2 maxconn 5
 option socket-stats
 http-request deny if { path /deny }
 server s %OK%`,
    play: async (side) => {
      await side.ask('sockets', get('/'), get('/'));
      await side.ask('sockets2', get('/deny'), get('/'));
      await side.ask('sockets2', 'BAD\r\n\r\n');
    },
  },
  {
    name: 'several frontends before one backend',
    proxies: ['front1', 'front2', 'shared'],
    config: `frontend front1
 bind unix@%DIR%/front1
 maxconn 40
 default_backend shared
frontend front2
 bind unix@%DIR%/front2
 default_backend shared
backend shared
 server s1 %OK% maxconn 5
 server s2 %OK%`,
    play: async (side) => {
      await side.ask('front1', get('/'), get('/'));
      await side.ask('front2', get('/'));
    },
  },
  {
    name: 'states of servers without traffic',
    proxies: ['states', 'tracking', 'weights'],
    config: `${listen(
      'states',
      ` option httpchk GET /200
 option socket-stats
 default-server inter 200ms
 server l4 %OK% check addr 127.0.0.1 no-check
 server up %OK% check weight 3
 server down %REFUSES% check
 server maint %OK% check disabled
 server plain %OK%
 server spare %OK% check backup
 server agent %OK% agent-check agent-addr %AGENT.host% agent-port %AGENT.port% agent-inter 200ms weight 40
 server both %OK% check agent-check agent-addr %AGENT.host% agent-port %AGENT.port% agent-inter 200ms weight 80 maxconn 50
 server observed %OK% check observe layer7 error-limit 3`,
    )}
backend tracking
 server up %OK% track states/up
 server down %OK% track states/down
 server maint %OK% track states/maint
backend weights
 balance leastconn
 option httpchk GET /404
 http-check disable-on-404
 server nolb %OK% check inter 200ms
 server zero %OK% weight 0
 server drained %OK% weight 7
 server lowered %OK% weight 200
 server limited %OK% maxconn 9
 server slow %OK% slowstart 100s weight 100
 server resting %OK% check inter 200ms
 server again %OK% check inter 200ms
 server spare1 %OK% backup weight 5
 server spare2 %OK% backup weight 6`,
    play: async (side) => {
      for (const command of [
        'set server weights/drained state drain',
        'set server weights/lowered weight 50%',
        'set maxconn server weights/limited 4',
        'set server weights/resting state maint',
        'set server weights/again state maint',
        'set server weights/again state ready',
        'disable health states/up',
        'enable health states/up',
      ]) {
        await side.cli(command);
      }
    },
  },
  {
    name: 'proxies that are disabled, paused or stopped',
    proxies: ['off', 'paused', 'stopped'],
    config: `${listen('off', ' disabled\n server s %OK%')}
${listen('paused', ' server s %OK%')}
${listen('stopped', ' server s %OK%')}`,
    play: async (side) => {
      await side.ask('paused', get('/'));
      await side.ask('stopped', get('/'));
      await side.cli('disable frontend paused');
      await side.cli('shutdown frontend stopped');
    },
  },
  {
    name: 'sessions that are shut down',
    proxies: ['shut'],
    config: listen('shut', ' server s %OK%'),
    play: async (side, servers) => {
      const answer = side.client('shut').say(get(`/hold/shut-${side.name[0]}`));
      await until('it is held', () => servers.held(`shut-${side.name[0]}`));
      await side.cli('shutdown sessions server shut/s');
      await answer;
    },
  },
  {
    name: 'a client that leaves while it waits',
    proxies: ['left'],
    without: ['cli_abrt'],
    config: listen('left', ' option abortonclose\n server s %OK% maxconn 1'),
    play: async (side, servers) => {
      const first = side.client('left');
      const second = side.client('left');
      first.socket.write(get(`/hold/left-${side.name[0]}`));
      await until('it is held', () => servers.held(`left-${side.name[0]}`));
      second.socket.write(get('/'));
      await until('it waits', async () => (await side.rows()).some(({ pxname, qcur }) => pxname === 'left' && qcur === '1'));
      second.close();
      await until('it has left', async () => (await side.rows()).every(({ pxname, qcur }) => pxname !== 'left' || !qcur || qcur === '0'));
      first.close();
    },
  },
  {
    name: 'uploads, whole and cut',
    proxies: ['upload'],
    config: listen('upload', ' server s %OK%'),
    play: async (side) => {
      const post = (length: number, body: string) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${body}`;
      await side.ask('upload', post(5, 'abcde'), get('/'));
      await side.ask('upload', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n');
      const client = side.client('upload');
      client.socket.write(post(5, 'abc'));
      await until('it is with the server', async () =>
        (await side.rows()).some(({ pxname, svname, scur }) => `${pxname}/${svname}` === 'upload/s' && scur === '1'),
      );
      client.socket.end();
      await client.rest();
    },
  },
  {
    name: 'queues of a server that its clients are bound to',
    proxies: ['bound'],
    config: listen('bound', ' balance uri\n server s %OK% maxconn 1 maxqueue 1'),
    play: async (side, servers) => {
      const held = side.client('bound').say(get(`/hold/bound-${side.name[0]}`));
      await until('it is held', () => servers.held(`bound-${side.name[0]}`));
      const waits = side.client('bound').say(get('/a'));
      await until('it waits', async () =>
        (await side.rows()).some(({ pxname, svname, qcur }) => `${pxname}/${svname}/${qcur}` === 'bound/s/1'),
      );
      await side.ask('bound', get('/b'));
      await servers.release(`bound-${side.name[0]}`);
      await held;
      await waits;
    },
  },
  {
    name: 'backups at work',
    proxies: ['backups', 'allbackups'],
    config: `${listen('backups', ' server a %OK% disabled weight 9\n server b %OK% backup weight 5\n server c %OK% backup weight 6')}
${listen('allbackups', ' option allbackups\n server a %OK% disabled weight 9\n server b %OK% backup weight 5\n server c %OK% backup weight 6')}`,
    play: async (side) => {
      await side.ask('backups', get('/'), get('/'));
      await side.ask('allbackups', get('/'), get('/'));
    },
  },
  {
    name: 'methods and framings',
    proxies: ['framed'],
    config: listen('framed', ' server s %OK%'),
    play: async (side) => {
      await side.ask('framed', get('/').replace('GET', 'DELETE'), get('/chunks'), get('/204'), 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n');
      await side.ask('framed', 'GET / HTTP/1.0\r\n\r\n');
      await side.ask('framed', get('/', 'Connection: close\r\n'));
    },
  },
  {
    name: 'a frontend that is full',
    proxies: ['full'],
    config: `listen full
 bind unix@%DIR%/full name one
 bind unix@%DIR%/full2 name two maxconn 1
 maxconn 2
 option socket-stats
 server s %OK%`,
    play: async (side) => {
      const first = side.client('full2');
      await first.say(get('/'));
      const second = side.client('full');
      await second.say(get('/'));
      first.close();
      second.close();
      await quiet(side, 'full');
      await side.ask('full', get('/'));
    },
  },
  {
    name: 'servers that keep no connection',
    proxies: ['fresh', 'server-close', 'use'],
    config: `${listen('fresh', ' http-reuse never\n server s %OK%')}
${listen('server-close', ' option http-server-close\n server s %OK% pool-max-conn 0')}
${listen('use', ' use-server s2 if { path /two }\n server s1 %OK%\n server s2 %OK%')}`,
    play: async (side) => {
      await side.ask('fresh', get('/'), get('/'));
      await side.ask('server-close', get('/'), get('/'));
      await side.ask('use', get('/two'), get('/two'), get('/'), get('/two'));
    },
  },
  {
    name: 'mode tcp, one side leaves first',
    proxies: ['tcpends'],
    config: listen('tcpends', ' mode tcp\n timeout client 300ms\n timeout server 300ms\n server s %OK%'),
    play: async (side) => {
      await side.ask('tcpends', get('/last'));
      await quiet(side, 'tcpends');
      await side.client('tcpends').rest();
      await quiet(side, 'tcpends');
      const client = side.client('tcpends');
      client.socket.end();
      await client.rest();
    },
  },
  {
    name: 'highest values are cleared',
    proxies: ['cleared'],
    config: listen('cleared', ' server s %OK%'),
    play: async (side) => {
      await side.ask('cleared', get('/'), get('/404'));
      await side.cli('clear counters');
    },
  },
  {
    name: 'everything is cleared',
    proxies: ['emptied', 'weights', 'states'],
    config: listen('emptied', ' server s %OK%'),
    play: async (side) => {
      await side.ask('emptied', get('/'), get('/404'));
      await side.cli('clear counters all');
    },
  },
];

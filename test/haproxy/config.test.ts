/**
 * Side by side with a real HAProxy 2.6: what it calls valid, we call valid, and what it refuses, we refuse.
 * Where we are stricter on purpose the snippet is not here but in test/config/cases/errors.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bindParameters } from '../../src/config/keywords/bind.ts';
import { globalRows } from '../../src/config/keywords/global.ts';
import { proxyRows } from '../../src/config/keywords/proxy.ts';
import { refusedBindParameters, refusedKeywords, refusedServerParameters } from '../../src/config/keywords/refused.ts';
import { serverParameters } from '../../src/config/keywords/server.ts';
import { loadText } from '../../src/config/load.ts';

const version = spawnSync('haproxy', ['-v'], { encoding: 'utf8' }).stdout ?? '';
const skip = version.includes('version 2.6.') ? false : 'no haproxy 2.6 is installed';

const HEAD = `defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen main
    bind 127.0.0.1:80
    server main 127.0.0.1:81
`;

/** Without indentation; `|` separates lines. */
const valid: readonly string[] = [
  'backend b',
  'backend b | balance | balance roundrobin | balance leastconn | balance source | balance first | balance static-rr | balance random(3)',
  'backend b | balance uri | balance uri len 5 depth 2 whole path-only | balance url_param id | balance url_param id check_post 64',
  'backend b | balance hdr(Host) | balance hdr(host) use_domain_only | balance hash req.hdr(x),lower | balance hash src | balance random()',
  'backend b | hash-type consistent | hash-type map-based crc32 avalanche | hash-type consistent wt6 | hash-balance-factor 150 | hash-balance-factor 0',
  'backend b | server a 127.0.0.1:80 check inter 2s rise 2 fall 5 fastinter 1s downinter 3s weight 10 maxconn 5 maxqueue 6 backup',
  'backend b | server a [::1]:80 | server b ::1:80 | server c unix@/tmp/x | server d /tmp/x | server e ipv4@127.0.0.1:80',
  'backend b | server a 127.0.0.1 | server b 127.0.0.1: | server c [::1]',
  'backend b | server a 127.0.0.1 check port 80 addr 127.0.0.2',
  'backend b | server a 127.0.0.1:80 check addr [::1] | server c 127.0.0.1:80 check addr localhost agent-check agent-port 81 agent-addr [::1]',
  'backend b | server a 127.0.0.1 check addr 127.0.0.2:88 | server c 127.0.0.1 check addr unix@/tmp/x | server d 127.0.0.1:80 addr ipv4@127.0.0.2',
  'backend b | option tcp-check | tcp-check connect addr 127.0.0.2:88 | tcp-check connect addr unix@/x | tcp-check connect addr [::1] | server a 127.0.0.1:80 check',
  'backend b | option httpchk GET / HTTP/1.2 | option httpchk GET / HTTP/2.0 | option httpchk GET / HTTP/0.9 | http-check send ver HTTP/2 hdr X 50%%',
  'backend b | server a 127.0.0.1:80 no-check-ssl no-check-send-proxy',
  'backend b | server a 127.0.0.1:80 id 5 | server c 127.0.0.1:80 id 6',
  'backend b | default-server inter 3s check backup | server a 127.0.0.1:80 no-check no-backup disabled enabled',
  'backend b | server a 127.0.0.1:80 weight 10 weight 20 check check',
  'backend b | server a 127.0.0.1:80 check slowstart 5s observe layer7 error-limit 3 on-error mark-down | server c 127.0.0.1:80 slowstart 0 observe none',
  'backend b | server a 127.0.0.1:80 on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions init-addr none,127.0.0.1,last',
  'backend b | server a 127.0.0.1:80 check | server c 127.0.0.1:80 track a | server d 127.0.0.1:80 track b/c | backend e | server f 127.0.0.1:80 track b/d',
  'backend b | server c 127.0.0.1:80 track web2 | server-template web 2 127.0.0.1:80 check',
  'global | server-state-base /tmp | server-state-base /a | defaults | load-server-state-from-file none | option log-health-checks | backend b | server-state-file-name',
  'backend b | server-state-file-name use-backend-name | no option log-health-checks | load-server-state-from-file global',
  'backend b | server-template web 3 127.0.0.1:80 check | server-template api 0-3 127.0.0.1:80',
  'resolvers r | nameserver dns1 127.0.0.11:53 | resolve_retries 3 | timeout retry 1s | hold valid 10s | accepted_payload_size 8192 | backend b | server a localhost:80 resolvers r init-addr last,libc,none resolve-prefer ipv4',
  'backend f | frontend f | bind :80',
  'frontend f | bind :80,:81,[::]:82 | bind *:83 | bind :::84 v4v6 | bind unix@/tmp/x mode 600 | bind 127.0.0.1:90-92 name x maxconn 5 backlog 6',
  'frontend f | bind ipv4@:80 | bind ipv6@:80 | bind ipv6@[::1]:81 | bind ::1:80 | bind localhost:82 | bind [::]:85 v6only',
  'frontend f | bind :80 tfo defer-accept nice 5 mss 1000 thread 1 tcp-ut 5s shards 1 proto h1 id 20',
  'frontend f | bind :80 | maxconn 5 | backlog 6 | option dontlognull | option contstats | option socket-stats | id 9',
  'frontend f | bind :80 | log 127.0.0.1 len 1000 format rfc5424 local7 debug emerg | option httplog | no log',
  'frontend f | bind :80 | log stdout format raw daemon | log fd@3 local0 | log /dev/log local0 | log [::1]:514 local0 info | option tcplog',
  'frontend f | bind :80 | acl x path_beg -i /a /b | use_backend b if x !{ method POST } | use_backend b unless x | use_backend %[path] if x | default_backend b | backend b',
  'frontend f | bind :80 | http-request set-header X-A b if TRUE | http-request deny | http-response del-header X | redirect location /x',
  'backend b | timeout connect 500us | timeout server 5 | timeout queue 1m | timeout check 1h | timeout tunnel 1d | timeout server-fin 0',
  'listen l | bind :80 | timeout client 1s | timeout http-request 5s | timeout http-keep-alive 5s | timeout client-fin 5s | timeout tarpit 5s',
  'backend b | retries 4 | fullconn 5 | option redispatch 5 | no option redispatch | default option redispatch | option abortonclose | option allbackups',
  'listen l | bind :80 | option httpclose | no option httpclose | option http-server-close | option http-keep-alive | option splice-auto | option tcp-smart-accept',
  'listen l | bind :80 | option accept-invalid-http-request | option accept-invalid-http-response | no option accept-invalid-http-request | no option accept-invalid-http-response',
  'frontend f | bind :80 | option accept-invalid-http-response | http-reuse always',
  'backend b | option accept-invalid-http-request',
  'defaults | mode http | timeout connect 1s | timeout server 1s | retry-on 503 | http-reuse never | option accept-invalid-http-response | default-server pool-max-conn 5 | backend b',
  'backend b | retry-on none | retry-on conn-failure empty-response junk-response response-timeout 0rtt-rejected | retry-on 404 404 ""',
  'backend b | retry-on all-retryable-errors 401 403 404 408 425 500 501 502 503 504',
  'backend b | http-reuse never | http-reuse safe | http-reuse aggressive | http-reuse always',
  'backend b | server a 127.0.0.1:80 pool-max-conn 10 pool-purge-delay 1s max-reuse 0 pool-low-conn 2 | server c 127.0.0.1:80 pool-max-conn -1 pool-purge-delay 0 max-reuse -1',
  'backend b | server-template w 3 127.0.0.1:80 pool-max-conn 0 pool-purge-delay 500 max-reuse 100',
  'frontend f | bind :80 | http-request disable-l7-retry | http-request disable-l7-retry if METH_POST',
  'backend b | http-request disable-l7-retry unless METH_GET',
  'backend b | option forwardfor except 127.0.0.0/8 header X-Client if-none',
  'backend b | option httpchk | option httpchk /x | option httpchk GET /x | option httpchk GET /x HTTP/1.1 | http-check send hdr Host a body b | http-check expect ! status 200-299,301',
  'backend b | option httpchk | option tcp-check',
  'backend b | option httpchk | http-check expect rstatus ^5 | http-check comment x',
  'backend b | stats enable | stats uri /x | stats realm a\\ b | stats auth a:b | stats scope . | stats hide-version | stats refresh 5 | stats show-legends | stats show-node | stats show-desc x | stats admin if TRUE',
  'backend b | errorfile 408 /dev/null',
  'backend b | description a b | disabled | enabled | http-reuse safe',
  'backend b | server a 127.0.0.1:80 check | timeout server 5s | timeout server 6s',
  'userlist u | group G users a | user a insecure-password x groups G | user b password $6$x | group H',
  'defaults x | mode http | backend b from x',
  'defaults x | mode http | timeout client 1s | http-request deny | frontend f | bind :80',
  'global | maxconn 100 | daemon | node a-b | description x y | log-tag x | log-send-hostname h | hard-stop-after 5s | spread-checks 5 | ulimit-n 50000',
  'global | tune.bufsize 32768 | tune.maxrewrite 1024 | tune.http.maxhdr 200 | stats socket /tmp/x mode 600 level admin | stats timeout 30s | stats maxconn 5',
  'global | ca-base /x | crt-base /y | ssl-default-bind-options no-sslv3 | ssl-default-bind-ciphers ALL | tune.ssl.default-dh-param 2048 | nbthread 1',
  'global | setenv A b | presetenv A c | unsetenv A',
  '.if defined(HOME) && (streq(a,a) || 0) && !strneq(a,a) && version_atleast(2.6) && version_before(2.7) | .notice "x" | .elif 1 | .alert y | .else | .endif',
  '.if | .endif | .if 0 | nonsense | .endif',
  'listen t | mode tcp | bind :80 | server a 127.0.0.1:80 | option tcplog | timeout tunnel 1h | timeout client-fin 1s | timeout server-fin 1s',
  'frontend f | mode tcp | bind :80 | use_backend t if { src 127.0.0.1 } | use_backend t if { path /x } | default_backend t | backend t | mode tcp | balance uri | server a 127.0.0.1:80 cookie x',
  'listen t | mode tcp | bind :80 | option httplog | option forwardfor | http-request deny | http-response deny | redirect location /x | stats enable',
  'listen t | mode tcp | bind :80 | option httpchk | server a 127.0.0.1:80 check observe layer4 on-marked-down shutdown-sessions',
  'frontend f | mode tcp | bind :80 | default_backend main',
  'backend t | mode tcp | server a 127.0.0.1:80 check observe layer7',
  'backend b | description "a b" \'c d\' e\\ f "$HOME" # comment',
];

const invalid: readonly string[] = [
  'frontend f | bind :80 | default_backend t | backend t | mode tcp',
  'frontend f | bind :80 | use_backend t if TRUE | default_backend main | backend t | mode tcp',
  'listen l | mode health | bind :80',
  'nonsense',
  'backend b | blance roundrobin',
  'backend b | server',
  'backend b | server a',
  'backend b | server "" 127.0.0.1:80',
  'backend b | server s/x 127.0.0.1:80',
  'backend b | server a 127.0.0.1:80 nonsense',
  'backend b | server a 127.0.0.1:80 weight 300',
  'backend b | server a 127.0.0.1:80 weight -1',
  'backend b | server a 127.0.0.1:80 check inter abc',
  'backend b | server a 127.0.0.1:80 check inter 0',
  'backend b | server a 127.0.0.1:80 check rise 0',
  'backend b | server a 127.0.0.1:80 check fall x',
  'backend b | server a 127.0.0.1:80 rise',
  'backend b | server a 127.0.0.1:99999',
  'backend b | server a 127.0.0.1:80-90',
  'backend b | server a 127.0.0.1:80 check addr 127.0.0.1:80-90',
  'backend b | server a 127.0.0.1:80 check addr 127.0.0.1:+1',
  'backend b | server a 127.0.0.1:80 agent-check',
  'backend b | server-template a 2 127.0.0.1:80 agent-check',
  'backend b | server a 127.0.0.1:80 agent-check agent-port 81 agent-addr 127.0.0.2:88',
  'backend b | server a 127.0.0.1:80 agent-check agent-port 81 agent-addr unix@/tmp/x',
  'backend b | option httpchk | http-check send hdr X 50%',
  `backend b | server a /tmp/${'x'.repeat(110)}`,
  'backend b | server a 256.1.1.1:80',
  'backend b | server a ::1',
  'backend b | server a 127.0.0.1 check',
  'backend b | server a 127.0.0.1:80 | server a 127.0.0.1:81',
  'backend b | server a 127.0.0.1:80 id 0',
  'backend b | server a 127.0.0.1:80 id 5 | server c 127.0.0.1:80 id 5',
  'backend b | server a 127.0.0.1:80 addr nosuch.invalid',
  'backend b | server a 127.0.0.1:80 init-addr foo',
  'backend b | server a 127.0.0.1:80 slowstart abc',
  'backend b | server a 127.0.0.1:80 observe layer3',
  'backend b | server a 127.0.0.1:80 error-limit 0',
  'backend b | server a 127.0.0.1:80 error-limit x',
  'backend b | server a 127.0.0.1:80 on-error x',
  'backend b | server a 127.0.0.1:80 on-marked-down x',
  'backend b | server a 127.0.0.1:80 on-marked-up x',
  'backend b | server a 127.0.0.1:80 track',
  'backend b | server a 127.0.0.1:80 track c',
  'backend b | server a 127.0.0.1:80 track d/c',
  'backend b | server a 127.0.0.1:80 track a',
  'backend b | server a 127.0.0.1:80 track c | server c 127.0.0.1:80 track a',
  'backend b | server a 127.0.0.1:80 track c | server c 127.0.0.1:80',
  'backend b | server a 127.0.0.1:80 check track c | server c 127.0.0.1:80 check',
  'backend b | option httpchk | http-check disable-on-404 | server a 127.0.0.1:80 check | backend c | server d 127.0.0.1:80 track b/a',
  'backend b | load-server-state-from-file',
  'backend b | load-server-state-from-file x',
  'backend b | server-state-file-name x y',
  'global | server-state-file',
  'backend b | server a 127.0.0.1:80 resolve-prefer foo',
  'backend b | server a 127.0.0.1:80 resolvers nope',
  'backend b | server-template web 3',
  'backend b | server-template web abc 127.0.0.1:80',
  'backend b | server-template web 5-3 127.0.0.1:80',
  'backend b | default-server nonsense',
  'backend b | server a 127.0.0.1:80 pool-max-conn',
  'backend b | server a 127.0.0.1:80 pool-max-conn -2',
  'backend b | server a 127.0.0.1:80 pool-purge-delay',
  'backend b | server a 127.0.0.1:80 pool-purge-delay abc',
  'backend b | server a 127.0.0.1:80 pool-purge-delay 100d',
  'backend b | server a 127.0.0.1:80 max-reuse',
  'backend b | server a 127.0.0.1:80 pool-low-conn',
  'frontend f | bind',
  'frontend f | bind abc',
  'frontend f | bind :99999',
  'frontend f | bind :90-80',
  'frontend f | bind :80 nonsense',
  'frontend f | bind :80 name',
  'frontend f | bind :80 id abc',
  'frontend f | bind :80 id 1 | bind :81 id 1',
  'frontend f | bind :80 mode abc',
  'frontend f | bind :80 | server a 127.0.0.1:80',
  'frontend f | bind :80 | default_backend nope',
  'frontend f | bind :80 | use_backend nope if TRUE',
  'frontend f | bind :80 | default_backend f',
  'frontend f | bind :80 | default_backend',
  'frontend f | bind :80 | use_backend',
  'frontend f | bind :80 | use_backend main bar',
  'frontend f | bind :80 | frontend f | bind :81',
  'frontend f | bind :80 | maxconn',
  'frontend f | bind :80 | maxconn 5 6',
  'frontend a/b | bind :80',
  'listen "a b" | bind :80',
  'frontend',
  'backend b from nope',
  'defaults x | defaults x | backend b from x',
  'defaults | http-request deny',
  'defaults | server a 127.0.0.1:80',
  'defaults | bind :80',
  'defaults x | http-request deny | listen l | bind :80',
  'defaults x | http-request deny | defaults y from x',
  'backend b | balance nonsense',
  'backend b | balance random(0)',
  'backend b | timeout',
  'backend b | timeout nonsense 3s',
  'backend b | timeout connect',
  'backend b | timeout connect abc',
  'backend b | timeout connect 5x',
  'backend b | timeout connect 100d',
  'backend b | timeout connect 5s 6s',
  'backend b | retries',
  'backend b | fullconn',
  'backend b | retry-on',
  'backend b | retry-on "" 503',
  'backend b | retry-on nonsense',
  'backend b | retry-on 200',
  'backend b | retry-on 0503',
  'backend b | retry-on none conn-failure',
  'backend b | retry-on conn-failure none',
  'backend b | retry-on none none',
  'frontend f | bind :80 | retry-on 503',
  'backend b | no retry-on',
  'backend b | http-reuse',
  'backend b | http-reuse Safe',
  'backend b | http-reuse safe always',
  'backend b | no http-reuse',
  'backend b | option accept-invalid-http-response x',
  'frontend f | bind :80 | option accept-invalid-http-request x',
  'backend b | mode nonsense',
  'backend b | option',
  'backend b | option nonsense',
  'backend b | option forwardfor nonsense',
  'backend b | option forwardfor except abc',
  'backend b | option forwardfor header',
  'backend b | option httpclose x',
  'backend b | no option httpchk',
  'backend b | no timeout connect 5s',
  'backend b | option httpchk GET /x HTTP/1.1 Host:\\ foo',
  'backend b | http-check nonsense',
  'backend b | http-check expect',
  'backend b | http-check expect nonsense',
  'backend b | http-check expect status abc',
  'backend b | http-check expect string foo bar',
  'backend b | http-check expect rstring "a("',
  'backend b | http-check send nonsense',
  'backend b | stats',
  'backend b | stats nonsense',
  'backend b | stats uri',
  'backend b | stats auth',
  'backend b | stats refresh abc',
  'backend b | stats admin x',
  'backend b | acl a/b path /',
  'backend b | acl a',
  'backend b | acl or path /',
  'backend b | id 0',
  'backend b | id 5 | backend c | id 5',
  'backend b | description',
  'backend b | errorfile 503',
  'backend b | errorfile 999 /dev/null',
  'backend b | errorfile 503 /nonexistent',
  'backend b | errorfile 503 /etc/passwd',
  'backend b | log',
  'backend b | log 127.0.0.1',
  'backend b | log 127.0.0.1 nonsense',
  'backend b | log 127.0.0.1 local0 nonsense',
  'backend b | log 127.0.0.1 len 20 local0',
  'backend b | log 127.0.0.1 format nonsense local0',
  'backend b | log 127.0.0.1:abc local0',
  'backend b | block if TRUE',
  'backend b | reqadd X',
  'backend b | contimeout 5s',
  'backend b | option forceclose',
  'userlist',
  'userlist u | nonsense',
  'userlist u | user a nonsense',
  'userlist u | user a groups G',
  'userlist u | group G users a',
  'global | nonsense',
  'global | log global',
  'global | hard-stop-after abc',
  'global | spread-checks 60',
  'global | tune.bufsize abc',
  'global | tune.http.maxhdr 0',
  'global | node',
  'global | pidfile',
  'global | stats nonsense',
  'global | stats timeout abc',
  'global | stats socket',
  'global | daemon x',
  'backend b | description "abc',
  "backend b | description 'abc",
  'backend b | description "${NOPE"',
  'backend b | description "$1X"',
  'backend b | description \\x4',
  '.if nonsense | .endif',
  '.if 1',
  '.endif',
  '.if 1 | .else | .else | .endif',
  '.if streq(a,b,c) | .endif',
  '.if 1 x | .endif',
  '.alert x',
  '.alert x y',
  '.nonsense',
];

function textOf(snippet: string): string {
  return `${HEAD}${snippet.split(' | ').join('\n')}\n`;
}

/** HAProxy's word: exit code 0, or what it says. */
function ask(text: string, file: string): { readonly valid: boolean; readonly said: string } {
  writeFileSync(file, text);
  const { status, stderr } = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' });
  return { valid: status === 0, said: stderr };
}

for (const [name, snippets, verdict] of [
  ['valid', valid, true],
  ['invalid', invalid, false],
] as const) {
  test(`${snippets.length} snippets are ${name} to both`, { skip }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-haproxy-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const snippet of snippets) {
      const text = textOf(snippet);
      const theirs = ask(text, join(folder, 'a.cfg'));
      const ours = loadText(text, 'a.cfg', { env: { HOME: '/root' }, cwd: folder });
      assert.equal(theirs.valid, verdict, `HAProxy on: ${snippet}\n${theirs.said}`);
      assert.equal(ours.config !== undefined, verdict, `ours on: ${snippet}\n${ours.diagnostics.map(({ message }) => message).join('\n')}`);
    }
  });
}

/** Lines such as `listen` and, indented below it, `server <name> <addr> maxconn +1`. */
function* listedKeywords(): Generator<readonly [section: string, words: readonly string[]]> {
  const { stdout } = spawnSync('haproxy', ['-dKcfg', '-q', '-c', '-f', '/dev/null'], { encoding: 'utf8' });
  let section = '';
  for (const line of stdout.split('\n')) {
    if (line.startsWith('\t')) yield [section, line.trim().split(' ')];
    else section = line;
  }
}

const configRows = new Set([...globalRows, ...proxyRows, ...refusedKeywords].map(({ name }) => name));
/** `timeout` and the like: their second words are rows of their own. */
const families = new Set([...configRows].map((name) => name.split(' ')[0] ?? ''));
const serverWords = new Set([...serverParameters.map(({ name }) => name), ...refusedServerParameters.keys()]);
const bindWords = new Set([...bindParameters.map(({ name }) => name), ...refusedBindParameters.keys()]);

function isKnown([first = '', second = '', third = '', fourth = '']: readonly string[]): boolean {
  if (first === 'bind') return bindWords.has(third === 'ssl' ? fourth : third);
  if (first === 'server') return serverWords.has(fourth);
  if (first === 'option') return configRows.has(`option ${second}`);
  return families.has(first);
}

test('every configuration keyword that HAProxy lists is done or refused by name', { skip }, () => {
  const listed = [...listedKeywords()].filter(([section]) => section === 'global' || section === 'listen');
  assert.ok(listed.length > 300);
  assert.deepEqual(
    listed.filter(([, words]) => !isKnown(words)).map(([, words]) => words.join(' ')),
    [],
  );
});

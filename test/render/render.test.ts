/** The state as a text for HAProxy: what is kept, what becomes of what HAProxy does not have, where servers and routes stand. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Changes } from '../../src/changes.ts';
import { loadText } from '../../src/config/load.ts';
import type { ServerConfig } from '../../src/config/model.ts';
import type { DiscoveredServer, PoolOptions, Route, Snapshot } from '../../src/discovery/provider.ts';
import { render } from '../../src/render/render.ts';
import { desire } from '../../src/state/desired.ts';
import { route, snapshot } from '../discovery/make.ts';
import { serverConfig } from '../support/config.ts';

type Env = Readonly<Record<string, string>>;

const found = (name: string, more: Partial<DiscoveredServer> = {}, config: Partial<ServerConfig> = {}): DiscoveredServer => ({
  config: serverConfig(name, { origin: `container ${name}`, ...config }),
  state: 'ready',
  reason: '',
  ...more,
});

const docker = (more: Partial<Snapshot>) => snapshot('docker', more);

interface Given {
  readonly snapshot?: Snapshot;
  readonly env?: Env;
  readonly changes?: Changes;
}

/** Without the empty lines at the ends. */
function textOf(text: string, { snapshot, env = {}, changes = new Changes() }: Given = {}): string {
  const { config: written, transcript, diagnostics } = loadText(text, 'a.cfg', { env });
  assert.ok(written, JSON.stringify(diagnostics));
  const config = changes.over(written);
  const state = desire(config, new Map(snapshot === undefined ? [] : [[snapshot.source, snapshot]]));
  return render({ transcript, config, state, head: [] }).trim();
}

const DEFAULTS = 'defaults\n    mode http\n    timeout connect 1s\n    timeout client 1s\n    timeout server 1s';

describe('what is rendered of a text without discovery', () => {
  const kept: readonly string[] = [
    `# a comment\n\n${DEFAULTS}\n\n  # of the next one\nlisten a   # here\n\tbind :80\n\n\tserver s1 127.0.0.1:80 check   # there`,
    `${DEFAULTS}\nbackend grün-nicht\n    http-request set-header X-A "ä \\xe9" if { path /\\ a }`,
  ];
  for (const [index, text] of kept.entries()) {
    it(`is the text, line by line (${index + 1})`, () => {
      const legal = text.replace('grün-nicht', 'b');
      assert.equal(textOf(legal), legal);
    });
  }

  const changed: readonly (readonly [what: string, line: string, rendered: string])[] = [
    [
      'keywords of ours are comments',
      'option jsonlog',
      '# option jsonlog  (HAProxy does not have it: One log line for each request or TCP session, as a JSON object; its fields stand in docs/logging.md.)',
    ],
    ['variables are what they were', 'description "$A b"', '# description "$A b"\n    description \'a"c b\''],
    ['a variable that is not set has its default', `description "\${B-x}"`, `# description "\${B-x}"\n    description x`],
    [
      'names that may not resolve do not keep it from starting',
      'server s1 a.test:80 check',
      'server s1 a.test:80 check init-addr last,libc,none',
    ],
    [
      'the same behind a comment',
      'server s1 a.test:80 check # a',
      '# server s1 a.test:80 check # a\n    server s1 a.test:80 check init-addr last,libc,none',
    ],
    ['who says how a name is resolved is heeded', 'server s1 a.test:80 init-addr libc', 'server s1 a.test:80 init-addr libc'],
    ['TLS is as it stands', 'bind :443 ssl crt a.pem alpn h2,http/1.1 proto h2', 'bind :443 ssl crt a.pem alpn h2,http/1.1 proto h2'],
    [
      'a listener that makes its certificates is a comment',
      'bind :443 ssl self-signed alpn h2',
      "# bind :443 ssl self-signed alpn h2  (HAProxy makes no certificates: it needs a 'crt')",
    ],
    [
      'one that has certificates, too, is without that word',
      'bind :443 ssl self-signed crt a.pem',
      '# bind :443 ssl self-signed crt a.pem\n    bind :443 ssl crt a.pem',
    ],
    ['messages of the preprocessor are comments', '.notice "hello"', '# .notice "hello"'],
  ];
  for (const [what, line, rendered] of changed) {
    it(what, () => {
      const before = `${DEFAULTS}\nlisten a\n    bind :80`;
      assert.equal(textOf(`${before}\n    ${line}`, { env: { A: 'a"c' } }), `${before}\n    ${rendered}`);
    });
  }

  it('has the branch that counts, and the others as comments', () => {
    const text = `${DEFAULTS}\nlisten a\n    bind :80\n.if defined(A)\n    maxconn 5\n.else\n    maxconn 6\n.endif`;
    const rendered = `${DEFAULTS}\nlisten a\n    bind :80\n# .if defined(A)\n    # maxconn 5\n# .else\n    maxconn 6\n# .endif`;
    assert.equal(textOf(text), rendered);
  });

  it('says bind where the section has its address in its first line', () => {
    assert.equal(textOf(`${DEFAULTS}\nlisten a :80,:81 name x`), `${DEFAULTS}\n# listen a :80,:81 name x\nlisten a\nbind :80,:81 name x`);
  });

  it('has the servers that operators have added, and not those that they have removed', () => {
    const changes = new Changes();
    changes.removeServer('a', 's1');
    changes.addServer('a', serverConfig('s3', { port: 81, dynamic: true, weight: 5 }));
    const before = `${DEFAULTS}\nlisten a\n    bind :80\n    default-server weight 5 maxconn 7`;
    assert.equal(
      textOf(`${before}\n    server s1 127.0.0.1:80\n    server s2 127.0.0.1:80\n\n# end`, { changes }),
      `${before}\n    # server s1 127.0.0.1:80  (an operator has removed it)\n    server s2 127.0.0.1:80\n` +
        '    # operators have added\n    server s3 192.0.2.1:81 maxconn 0\n\n# end',
    );
  });

  it('has the host that an operator has named', () => {
    const changes = new Changes();
    changes.setHost('a', 's1', 'b.test');
    const before = `${DEFAULTS}\nlisten a\n    bind :80`;
    assert.equal(
      textOf(`${before}\n    server s1 a.test:80 check`, { changes }),
      `${before}\n    # server s1 a.test:80 check\n    server s1 b.test:80 check init-addr last,libc,none`,
    );
  });
});

describe('servers that were found', () => {
  const before = `${DEFAULTS}\n    default-server maxconn 5\nbackend a\n    default-server check inter 3s`;

  it('stand in the place of the line that asks for them, over the default-server there', () => {
    const check = { ...serverConfig('').checkWords, inter: 3000, fastinter: undefined, downinter: undefined, rise: 2, fall: 3 };
    const words = { ...check, address: undefined, port: undefined };
    const snapshot = docker({
      pools: new Map([
        [
          'a',
          [
            found('0123456789ab', {}, { maxconn: 5, check: words, checkWords: words }),
            found('1123456789ab', { state: 'drain', reason: 'container is stopping (SIGTERM)' }, { weight: 2, address: '::1' }),
            found('2123456789ab', { state: 'down', reason: 'it is in no network' }, { address: undefined }),
          ],
        ],
      ]),
    });
    assert.equal(
      textOf(`${before}\n    docker-servers image=a weight 2\n    default-server maxconn 9\n    server s1 127.0.0.1:80`, { snapshot }),
      `${before}\n    # docker-servers image=a weight 2\n    server 0123456789ab 192.0.2.1:80\n` +
        '    # drain: container is stopping (SIGTERM)\n    server 1123456789ab [::1]:80 weight 2 disabled maxconn 0 no-check inter 2s\n' +
        '    # container 2123456789ab, as server 2123456789ab, has no address: it is in no network\n' +
        '    default-server maxconn 9\n    server s1 127.0.0.1:80',
    );
  });

  it('say what they have of TLS where global has it otherwise for those that say nothing', () => {
    const global = 'global\n    ssl-server-verify none\n    ssl-default-server-options ssl-min-ver TLSv1.2 no-tls-tickets';
    const line = 'docker-servers image=a ssl verify required ca-file /ca.pem ssl-min-ver TLSv1.0 tls-tickets';
    const text = `${global}\n${DEFAULTS}\nbackend a\n    ${line}`;
    const template = loadText(text, 'a.cfg', { env: {} }).config?.proxies[0]?.dockerServers[0]?.template ?? assert.fail();
    const at = { name: 's1', identity: 's1', address: '192.0.2.1', port: 80, origin: 'a container' };
    const snapshot = docker({ pools: new Map([['a', [found('', {}, { ...template, ...at })]]]) });
    const said = 'ssl verify required ca-file /ca.pem ssl-min-ver TLSv1.0 tls-tickets';
    assert.equal(textOf(text, { snapshot }), `${global}\n${DEFAULTS}\nbackend a\n    # ${line}\n    server s1 192.0.2.1:80 ${said}`);
  });

  it('are none where their source has not spoken', () => {
    assert.equal(textOf(`${before}\n    docker-servers image=a`), `${before}\n    # docker-servers image=a`);
  });
});

describe('routes that were found', () => {
  const www = `${DEFAULTS}\nfrontend www\n    bind :80\n    docker-routes\n    acl to_a.test path /x\n    use_backend b if to_a.test\nbackend b`;
  const head = www.replace('docker-routes', '# docker-routes  (see the end of the section)').replace('\nbackend b', '');
  const pool = (name: string, routes: readonly Route[], more: Partial<Snapshot> = {}) =>
    docker({ pools: new Map([[name, [found('0123456789ab')]]]), poolOptions: new Map([[name, {}]]), routes, ...more });
  const defaults =
    "# what frontend 'www' gives to the pools that it routes to\ndefaults fairlead-www\n    mode http\n    timeout connect 1s\n    timeout client 1s\n    timeout server 1s";
  const nobody =
    '# for hosts that nobody serves\ndefaults fairlead-no-route\n    mode http\n    timeout connect 5s\n    timeout server 5s\n' +
    'backend fairlead-no-route from fairlead-no-route\n    http-request deny deny_status 404';

  it('are asked behind those of the text, under names of their own, and their pool is a backend', () => {
    assert.equal(
      textOf(www, { snapshot: pool('p', [route('a.test', 'p')]) }),
      `${head}\n    acl to_a.test-2 hdr(host),host_only,rtrim(.),lower -m str a.test\n    use_backend p if to_a.test-2\n` +
        `    default_backend fairlead-no-route\nbackend b\n\n${defaults}\n\n# found by docker\nbackend p from fairlead-www\n` +
        `    server 0123456789ab 192.0.2.1:80\n\n${nobody}`,
    );
  });

  it('change paths in the backend: at once where all of them do the same', () => {
    const both = [route('a.test', 'p', { path: '/a', rewrite: '' }), route('c.test', 'p', { path: '/a', rewrite: '' })];
    const text = textOf(www, { snapshot: pool('p', both) });
    assert.match(text, /backend p from fairlead-www\n {4}http-request replace-path \^\/a\/\?\(\.\*\)\$ '\/\\1'\n {4}server /);
  });

  it('leave the backend of a default_backend and of the servers of a listen as they are', () => {
    const snapshot = pool('p', [route('a.test', 'p')]);
    assert.doesNotMatch(textOf(`${www}\n`.replace('bind :80', 'bind :80\n    default_backend b'), { snapshot }), /no-route/);
    const listen = `${DEFAULTS}\nlisten www\n    bind :80\n    docker-routes`;
    assert.match(textOf(listen, { snapshot }), /\n {4}use_backend p if to_a\.test\n {4}use_backend fairlead-no-route\n/);
    assert.doesNotMatch(textOf(`${listen}\n    server s1 127.0.0.1:80`, { snapshot }), /no-route/);
  });

  it('give their pool what a section under the frontend’s defaults would have, without its rules and statistics', () => {
    const text = `defaults one\n    mode http\n    retries 7\n    option forwardfor\n    default-server maxconn 5\ndefaults two from one
    timeout connect 1s\n    timeout client 1s\n    timeout server "$S"\n    http-request deny if { path /x }\n    stats enable
frontend www from two\n    bind :80\n    docker-routes\n    no option abortonclose\n    http-request deny if { path /y }\n    log-format a\n    timeout client 3s`;
    const rendered = textOf(text, { snapshot: pool('p', [route('a.test', 'p')]), env: { S: '4s' } });
    const section = /defaults fairlead-www\n([\s\S]*?)\n\n/
      .exec(rendered)?.[1]
      ?.split('\n')
      .map((line) => line.trim());
    assert.deepEqual(section, [
      'mode http',
      'retries 7',
      'timeout connect 1s',
      'timeout client 1s',
      '# timeout server "$S"',
      'timeout server 4s',
      'log-format a',
      'timeout client 3s',
    ]);
  });

  it('give their pool the cookie of the defaults, unless labels say another way to stay with a server', () => {
    const cookie = 'cookie SRV insert indirect secure maxidle 30m domain a.test attr "SameSite=None"';
    const text = www.replace('\nfrontend', `\n    ${cookie}\nfrontend`);
    const of = (options: PoolOptions) => {
      const rendered = textOf(text, { snapshot: pool('p', [route('a.test', 'p')], { poolOptions: new Map([['p', options]]) }) });
      return rendered
        .slice(rendered.indexOf('defaults fairlead-www'))
        .split('\n')
        .filter((line) => /cookie|stick/.test(line));
    };
    const server = '    server 0123456789ab 192.0.2.1:80';
    assert.deepEqual(of({}), [
      '    cookie SRV insert indirect secure maxidle 1800s domain a.test attr SameSite=None',
      `${server} cookie 0123456789ab`,
    ]);
    assert.deepEqual(of({ sticky: { kind: 'source' } }), ['    stick-table type ipv6 size 100000 expire 1800s', '    stick on src']);
  });

  it('find names that the text has not', () => {
    const text = `${www}\nbackend fairlead-no-route\ndefaults fairlead-www`;
    const rendered = textOf(text, { snapshot: pool('p', [route('a.test', 'p')]) });
    assert.match(rendered, /default_backend fairlead-no-route-2\n/);
    assert.match(rendered, /backend p from fairlead-www-2\n/);
  });
});

it('sections that only say where servers are looked for are left out', () => {
  const text = `# one\ndocker east\n    endpoint unix:///x\n\n# two\n${DEFAULTS}`;
  assert.equal(textOf(text), `# one\n# section 'docker east' is left out\n\n# two\n${DEFAULTS}`);
});

/** What the words of TLS and of HTTP/2 mean: on `bind` and `server` lines, in `global`, in checks, in a `crt-list` and in labels. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSslWords } from '../../src/config/keywords/bind-ssl.ts';
import { applyServerParameters } from '../../src/config/keywords/server.ts';
import { loadText } from '../../src/config/load.ts';
import type { BindConfig, BindSslConfig, Config, ProxyConfig, ServerConfig } from '../../src/config/model.ts';

const DEFAULTS = 'defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n';

function load(text: string, global = ''): Config {
  const { config, diagnostics } = loadText(`global\n${global}\n${DEFAULTS}${text}\n`, 'a.cfg', { env: {}, cwd: '/srv' });
  assert.ok(config, JSON.stringify(diagnostics));
  return config;
}

function only(text: string, global = ''): ProxyConfig {
  const [proxy] = load(text, global).proxies;
  assert.ok(proxy);
  return proxy;
}

function bindOf(words: string, global = ''): BindConfig {
  const [bind] = only(`frontend f\n  bind ${words}`, global).binds;
  assert.ok(bind);
  return bind;
}

function bindSsl(words: string, global = ''): BindSslConfig {
  const { ssl } = bindOf(`:443 ssl crt a.pem ${words}`, global);
  assert.ok(ssl);
  return ssl;
}

function serversOf(lines: readonly string[], global = ''): readonly ServerConfig[] {
  return only(`backend b\n  ${lines.join('\n  ')}`, global).servers;
}

function serverOf(words: string, global = ''): ServerConfig {
  const [server] = serversOf([`server s 127.0.0.1:443 ${words}`], global);
  assert.ok(server);
  return server;
}

function told(text: string): readonly string[] {
  return loadText(DEFAULTS + text, 'a.cfg', { env: {} }).diagnostics.map(({ severity, message }) => `${severity}: ${message}`);
}

describe('bind ... ssl', () => {
  it('has the documented defaults', () => {
    assert.deepEqual(bindSsl(''), {
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      ciphers: undefined,
      ciphersuites: undefined,
      curves: undefined,
      alpn: [],
      tickets: true,
      crt: ['/srv/a.pem'],
      crtLists: [],
      crtOrder: ['crt'],
      selfSigned: false,
      verify: 'none',
      caFile: undefined,
      crlFile: undefined,
      caVerifyFile: undefined,
      caNames: true,
      caIgnoreErrors: [],
      crtIgnoreErrors: [],
      strictSni: false,
      preferClientCiphers: false,
      ticketKeys: undefined,
      bases: { crt: '/srv', ca: '/srv', cwd: '/srv' },
    });
  });

  it('has what its words say', () => {
    const ssl = bindSsl(
      `crt /etc/b crt-list l alpn h2,http/1.1 verify optional ca-file ca ca-verify-file more crl-file crl strict-sni no-tls-tickets
       no-ca-names prefer-client-ciphers ciphers ALL ciphersuites TLS_X curves X25519:P-256 ecdhe P-384 ca-ignore-err all
       crt-ignore-err 10,18 tls-ticket-keys keys`.replaceAll('\n', ' '),
    );
    assert.deepEqual(ssl, {
      ...bindSsl(''),
      crt: ['/srv/a.pem', '/etc/b'],
      crtLists: ['/srv/l'],
      crtOrder: ['crt', 'crt', 'crt-list'],
      alpn: ['h2', 'http/1.1'],
      verify: 'optional',
      caFile: '/srv/ca',
      caVerifyFile: '/srv/more',
      crlFile: '/srv/crl',
      strictSni: true,
      tickets: false,
      caNames: false,
      preferClientCiphers: true,
      ciphers: 'ALL',
      ciphersuites: 'TLS_X',
      curves: 'X25519:P-256',
      caIgnoreErrors: 'all',
      crtIgnoreErrors: [10, 18],
      ticketKeys: '/srv/keys',
    });
  });

  it('is one thing for all sockets of its line, so that its certificates are read once', () => {
    const { binds } = only('frontend f\n  bind :443-444,:445 ssl crt a.pem\n  bind :446 ssl crt a.pem');
    const [first, second, third, fourth] = binds;
    assert.ok(first?.ssl !== undefined && first.ssl === second?.ssl && second.ssl === third?.ssl);
    assert.notEqual(first.ssl, fourth?.ssl);
  });

  it('is clear text without ssl, whatever else is said, and says so', () => {
    assert.equal(bindOf(':443 crt a.pem verify required alpn h2').ssl, undefined);
    assert.deepEqual(told('frontend f\n  bind :443 alpn h2 crt a name ssl\n'), [
      "notice: 'bind :443' in section 'frontend' : 'alpn' has no effect without 'ssl': what is spoken here is clear text.",
    ]);
  });

  it('may have a certificate of its own making', () => {
    const { ssl } = bindOf(':443 ssl self-signed');
    assert.deepEqual([ssl?.selfSigned, ssl?.crt], [true, []]);
  });

  it('says what it has that does nothing', () => {
    assert.deepEqual(told('frontend f\n  bind :443 ssl crt a npn h2 allow-0rtt\n'), [
      "notice: 'bind :443' in section 'frontend' : 'npn' is accepted and has no effect: clients ask by ALPN: see alpn.",
      "notice: 'bind :443' in section 'frontend' : 'allow-0rtt' is accepted and has no effect: Node takes no early data; clients send it again after the handshake.",
    ]);
  });

  const versions: readonly (readonly [words: string, range: readonly [min: string, max: string]])[] = [
    ['', ['TLSv1.2', 'TLSv1.3']],
    ['ssl-min-ver TLSv1.0', ['TLSv1.0', 'TLSv1.3']],
    ['ssl-min-ver SSLv3', ['TLSv1.0', 'TLSv1.3']],
    ['ssl-max-ver TLSv1.2', ['TLSv1.2', 'TLSv1.2']],
    ['ssl-max-ver TLSv1.1', ['TLSv1.1', 'TLSv1.1']],
    ['force-tlsv13', ['TLSv1.3', 'TLSv1.3']],
    ['force-tlsv12 force-tlsv13', ['TLSv1.3', 'TLSv1.3']],
    ['no-tlsv12', ['TLSv1.3', 'TLSv1.3']],
    ['no-tlsv13', ['TLSv1.2', 'TLSv1.2']],
    ['no-tlsv12 ssl-min-ver TLSv1.1', ['TLSv1.1', 'TLSv1.3']],
  ];
  for (const [words, range] of versions) {
    it(`speaks ${range.join(' to ')} with: ${words}`, () => {
      const { minVersion, maxVersion } = bindSsl(words);
      assert.deepEqual([minVersion, maxVersion], range);
    });
  }
});

describe('the protocol of a listener', () => {
  it('is what proto says, else whatever clients and ALPN agree on', () => {
    assert.deepEqual(
      [':80', ':80 proto h1', ':80 proto h2', ':443 ssl crt a proto h2'].map((words) => bindOf(words).protocol),
      [undefined, 'h1', 'h2', 'h2'],
    );
  });

  it('stays HTTP/1 for clients that begin with the preface of HTTP/2 where the section says so', () => {
    const text = 'frontend f\n  bind :80\n';
    assert.equal(only(text).disableH2Upgrade, false);
    assert.equal(only(`${text}  option disable-h2-upgrade\n`).disableH2Upgrade, true);
    assert.equal(only(`${text}  option disable-h2-upgrade\n  no option disable-h2-upgrade\n`).disableH2Upgrade, false);
  });
});

describe('global', () => {
  it('gives every line what it does not say itself', () => {
    const global = `crt-base /etc/crt
      ca-base ca
      ssl-default-bind-ciphers ALL
      ssl-default-bind-ciphersuites TLS_X
      ssl-default-bind-curves P-256
      ssl-default-bind-options ssl-min-ver TLSv1.1 no-tls-tickets prefer-client-ciphers
      ssl-default-server-ciphers LOW
      ssl-default-server-ciphersuites TLS_Y
      ssl-default-server-options force-tlsv12 no-tls-tickets
      ssl-server-verify none`;
    const bind = bindSsl('ca-file x.pem crl-file /y.pem crt-list l', global);
    assert.deepEqual([bind.crt, bind.caFile, bind.crlFile, bind.crtLists], [['/etc/crt/a.pem'], '/srv/ca/x.pem', '/y.pem', ['/srv/l']]);
    assert.deepEqual([bind.ciphers, bind.ciphersuites, bind.curves], ['ALL', 'TLS_X', 'P-256']);
    assert.deepEqual([bind.minVersion, bind.tickets, bind.preferClientCiphers], ['TLSv1.1', false, true]);
    const own = bindSsl('ciphers X ecdhe P-384 ssl-min-ver TLSv1.3', global);
    assert.deepEqual([own.ciphers, own.curves, own.minVersion], ['X', 'P-256', 'TLSv1.3']);
    const { ssl } = serverOf('ssl ca-file @system-ca crt c.pem', global);
    assert.deepEqual([ssl?.ciphers, ssl?.ciphersuites, ssl?.verify, ssl?.tickets], ['LOW', 'TLS_Y', 'none', false]);
    assert.deepEqual([ssl?.minVersion, ssl?.maxVersion, ssl?.caFile, ssl?.crt], ['TLSv1.2', 'TLSv1.2', '@system-ca', '/etc/crt/c.pem']);
    assert.equal(serverOf('ssl verify required ca-file x tls-tickets', global).ssl?.verify, 'required');
  });

  it('counts for the lines below it alone', () => {
    const [above, below] = load(
      'frontend a\n  bind :1 ssl crt x\nglobal\n  crt-base /etc\n  ssl-default-bind-ciphers ALL\nfrontend b\n  bind :2 ssl crt x',
    ).proxies.map(({ binds }) => binds[0]?.ssl);
    assert.deepEqual([above?.crt, above?.ciphers], [['/srv/x'], undefined]);
    assert.deepEqual([below?.crt, below?.ciphers], [['/etc/x'], 'ALL']);
  });

  it('says which files lie beside a certificate, and of Diffie-Hellman', () => {
    const all = ['bundle', 'sctl', 'ocsp', 'issuer', 'key'];
    const filesOf = (global: string) => load('', global).global.tlsFiles;
    assert.deepEqual([...(filesOf('')?.extraFiles ?? [])], all);
    assert.deepEqual([...(filesOf('ssl-load-extra-files none')?.extraFiles ?? [])], []);
    assert.deepEqual([...(filesOf('ssl-load-extra-files key sctl')?.extraFiles ?? [])], ['sctl', 'key']);
    assert.deepEqual([...(filesOf('ssl-load-extra-files none\nssl-load-extra-files all')?.extraFiles ?? [])], all);
    const { extraFiles: _files, ...more } = filesOf(
      'ssl-load-extra-del-ext\nssl-skip-self-issued-ca\nissuers-chain-path chains\nssl-dh-param-file dh.pem\ntune.ssl.default-dh-param 2048',
    ) as NonNullable<Config['global']['tlsFiles']>;
    assert.deepEqual(more, {
      extraDelExt: true,
      skipSelfIssuedCa: true,
      issuersChainPath: '/srv/chains',
      dhParamFile: '/srv/dh.pem',
      defaultDhParam: 2048,
    });
  });

  it('bounds sessions, connections and handshakes', () => {
    const { tls, maxsslconn, rateLimits } = load('', 'tune.ssl.lifetime 10m\nmaxsslconn 7\nmaxsslrate 8').global;
    assert.deepEqual([tls.lifetime, maxsslconn, rateLimits.sslSessions], [600_000, 7, 8]);
    const { tls: plain, maxsslconn: none } = load('').global;
    assert.deepEqual([plain.lifetime, none], [300_000, 0]);
    assert.equal(load('', 'tune.ssl.lifetime 60').global.tls.lifetime, 60_000);
    assert.equal(load('', 'tune.ssl.lifetime 25d').global.tls.lifetime, 25 * 86_400_000, 'longer than a timer goes');
  });

  it('bounds what an HTTP/2 connection may have', () => {
    const h2 = (global: string) => load('', global).global.h2;
    assert.deepEqual(h2(''), {
      headerTableSize: 4096,
      initialWindowSize: 65535,
      maxConcurrentStreams: 100,
      maxFrameSize: 16384,
      websockets: true,
    });
    assert.deepEqual(
      h2(
        'tune.h2.header-table-size 8192\ntune.h2.initial-window-size 100000\ntune.h2.max-concurrent-streams 0\ntune.h2.max-frame-size 20000\ntune.bufsize 32768\nh2-workaround-bogus-websocket-clients',
      ),
      { headerTableSize: 8192, initialWindowSize: 100000, maxConcurrentStreams: 0, maxFrameSize: 20000, websockets: false },
    );
    assert.equal(h2('tune.bufsize 32768').maxFrameSize, 32768);
    assert.equal(h2('tune.h2.max-frame-size 1000000').maxFrameSize, 16384);
    assert.equal(h2('tune.bufsize 4096\ntune.h2.max-frame-size 1000000').maxFrameSize, 16384);
  });
});

describe('server ... ssl', () => {
  it('has the documented defaults', () => {
    assert.deepEqual(serverOf('ssl').ssl, {
      minVersion: 'TLSv1.0',
      maxVersion: 'TLSv1.3',
      ciphers: undefined,
      ciphersuites: undefined,
      curves: undefined,
      alpn: [],
      tickets: true,
      verify: 'required',
      caFile: undefined,
      crlFile: undefined,
      crt: undefined,
      sni: undefined,
      verifyhost: undefined,
      reuse: true,
      bases: { crt: '/srv', ca: '/srv', cwd: '/srv' },
    });
  });

  it('has what its words say', () => {
    const { ssl } = serverOf(
      'ssl verify none ca-file ca.pem crl-file crl.pem crt me.pem sni req.hdr(host) verifyhost a.test alpn http/1.1 ciphers ALL ciphersuites T no-ssl-reuse no-tls-tickets ssl-min-ver TLSv1.2',
    );
    assert.deepEqual(ssl, {
      ...serverOf('ssl').ssl,
      verify: 'none',
      verifySaid: true,
      caFile: '/srv/ca.pem',
      crlFile: '/srv/crl.pem',
      crt: '/srv/me.pem',
      sni: 'req.hdr(host)',
      verifyhost: 'a.test',
      alpn: ['http/1.1'],
      ciphers: 'ALL',
      ciphersuites: 'T',
      reuse: false,
      tickets: false,
      minVersion: 'TLSv1.2',
    });
  });

  it('is inherited from default-server and taken back', () => {
    const [plain, same, other] = serversOf([
      'default-server ssl verify none verifyhost a.test no-ssl-reuse no-tls-tickets check-ssl',
      'server plain 127.0.0.1:1 no-ssl no-check-ssl',
      'server same 127.0.0.1:2',
      'server other 127.0.0.1:3 verify required ca-file c no-verifyhost ssl-reuse tls-tickets',
    ]);
    assert.deepEqual([plain?.ssl, plain?.sslWords?.verify, plain?.checkWords?.ssl], [undefined, 'none', false]);
    assert.deepEqual([same?.ssl?.verify, same?.ssl?.reuse, same?.ssl?.tickets, same?.checkWords?.ssl], ['none', false, false, true]);
    assert.deepEqual(
      [other?.ssl?.verify, other?.ssl?.verifyhost, other?.ssl?.reuse, other?.ssl?.tickets],
      ['required', undefined, true, true],
    );
  });

  it('shares what it means with the servers that say the same', () => {
    const [a, b] = serversOf(['default-server ssl verify none', 'server a 127.0.0.1:1', 'server b 127.0.0.1:2']);
    assert.ok(a?.ssl);
    assert.deepEqual(a.ssl, b?.ssl);
  });

  it('keeps its words where it is not spoken to by TLS, for its checks', () => {
    const { ssl, sslWords, check } = serverOf('check check-ssl verify none check-sni c.test check-alpn http/1.1,foo');
    assert.deepEqual([ssl, sslWords?.verify, sslWords?.verifySaid], [undefined, 'none', true]);
    assert.equal(serverOf('check').sslWords?.verifySaid, undefined);
    assert.deepEqual([check?.ssl, check?.sni, check?.alpn], [true, 'c.test', ['http/1.1', 'foo']]);
  });

  it('is offered HTTP/2 only where it is given bytes', () => {
    const words = 'server s 127.0.0.1:1 ssl verify none alpn h2,http/1.1 check-alpn h2';
    const [http] = serversOf([words]);
    const [tcp] = serversOf(['mode tcp', words]);
    assert.deepEqual([http?.ssl?.alpn, http?.sslWords?.alpn, http?.checkWords?.alpn], [['http/1.1'], ['http/1.1'], []]);
    assert.deepEqual([tcp?.ssl?.alpn, tcp?.checkWords?.alpn], [['h2', 'http/1.1'], ['h2']]);
    assert.deepEqual(told(`backend b\n  ${words}\n`), [
      "notice: 'server b/s' : 'alpn' : HTTP/2 is not spoken to servers: 'h2' is offered in mode tcp alone.",
      "notice: 'server b/s' : 'check-alpn' : HTTP/2 is not spoken to servers: 'h2' is offered in mode tcp alone.",
    ]);
    assert.deepEqual(told(`backend b\n  mode tcp\n  ${words}\n`), []);
    assert.deepEqual(told(`backend b\n  ${words}\n  mode tcp\n`), []);
  });
});

describe('connect steps of checks', () => {
  const stepsOf = (lines: string) =>
    only(`backend b\n  ${lines}`).checkRules?.steps.flatMap((step) => (step.kind === 'connect' ? [[step.ssl, step.sni, step.alpn]] : []));

  it('are as the traffic where no line says how', () => {
    assert.deepEqual(stepsOf('option httpchk'), [['default', undefined, undefined]]);
    assert.deepEqual(stepsOf('option tcp-check'), [['default', undefined, undefined]]);
  });

  it('are in clear text where a line does not say ssl or default', () => {
    assert.deepEqual(
      stepsOf('option tcp-check\n  tcp-check connect\n  tcp-check connect default\n  tcp-check connect default ssl sni a.test alpn h2'),
      [
        [undefined, undefined, undefined],
        ['default', undefined, undefined],
        [true, 'a.test', ['h2']],
      ],
    );
  });
});

describe('labels', () => {
  function label(server: ServerConfig, words: string): ServerConfig {
    const applied = applyServerParameters(server, words.split(' '));
    assert.ok('server' in applied, JSON.stringify(applied));
    return applied.server;
  }

  it('turn TLS on, over what the line says', () => {
    const template = serverOf('verify none ssl-min-ver TLSv1.2 ciphers ALL');
    const { ssl } = label(template, 'ssl ssl-max-ver TLSv1.2 ca-file x.pem');
    assert.deepEqual([ssl?.verify, ssl?.minVersion, ssl?.maxVersion, ssl?.ciphers], ['none', 'TLSv1.2', 'TLSv1.2', 'ALL']);
    assert.equal(ssl?.caFile, '/srv/x.pem');
    assert.equal(label(label(template, 'ssl'), 'no-ssl').ssl, undefined);
  });

  it('have the defaults of global, and its directories', () => {
    const { ssl } = label(
      serverOf('', 'ca-base /etc/ca\nssl-server-verify none\nssl-default-server-options ssl-min-ver TLSv1.3'),
      'ssl ca-file x',
    );
    assert.deepEqual([ssl?.verify, ssl?.minVersion, ssl?.caFile], ['none', 'TLSv1.3', '/etc/ca/x']);
  });

  it('cannot leave a server without any version', () => {
    const words = ['ssl', 'ssl-min-ver', 'TLSv1.3', 'ssl-max-ver', 'TLSv1.2'];
    assert.deepEqual(applyServerParameters(serverOf(''), words), { error: "all SSL/TLS versions are disabled for server 's'." });
  });

  it('do not speak HTTP/2 to it', () => {
    assert.deepEqual(label(serverOf('ssl verify none'), 'alpn h2,http/1.1').ssl?.alpn, ['http/1.1']);
  });
});

describe('words in the brackets of a crt-list', () => {
  const base = bindSsl('verify required ca-file ca.pem alpn http/1.1 ciphers ALL no-tls-tickets', 'ca-base /etc/ca');

  it('are laid over those of the line', () => {
    const read = readSslWords(['alpn', 'h2', 'verify', 'none', 'ca-file', 'x.pem', 'ssl-min-ver', 'TLSv1.3', 'no-ca-names'], base);
    assert.deepEqual(read, {
      ssl: { ...base, alpn: ['h2'], verify: 'none', caFile: '/etc/ca/x.pem', minVersion: 'TLSv1.3', caNames: false },
    });
    assert.deepEqual(readSslWords(['allow-0rtt', 'npn', 'h2'], base), { ssl: base });
    assert.deepEqual(readSslWords([], base), { ssl: base });
  });

  const wrong: readonly (readonly [words: string, error: string])[] = [
    ['alnp h2', "unknown ssl keyword alnp; did you mean 'alpn'?"],
    ['strict-sni', 'unknown ssl keyword strict-sni'],
    ['alpn', "ssl args out of '[]' for alpn"],
    ['verify maybe', "'verify' : unknown verify method 'maybe', only 'none', 'optional', and 'required' are supported"],
    ['ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2', 'all SSL/TLS versions are disabled'],
  ];
  it('are refused where nobody says what clients must stand on', () => {
    assert.deepEqual(readSslWords(['verify', 'optional'], bindSsl('')), { error: 'verify is enabled but no CA file specified' });
  });

  for (const [words, error] of wrong) it(`are refused: ${words}`, () => assert.deepEqual(readSslWords(words.split(' '), base), { error }));
});

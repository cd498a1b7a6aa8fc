/** Where the development authority is kept, whom it vouches for, and `fairlead ca`. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { RouteTable } from '../../src/backend/routes.ts';
import { authorityFolder, Development } from '../../src/development.ts';
import { namedHosts } from '../../src/named-hosts.ts';
import { prepare } from '../../src/prepare.ts';
import { route } from '../discovery/make.ts';
import { runFairlead } from '../support/fairlead.ts';

const COMMON = 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n';

describe('the development authority of a configuration', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-ca-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const read = (text: string) =>
    prepare({ kind: 'text', text: `global\n self-signed-dir ${folder}\n${COMMON}${text}`, name: 't.cfg' }, { env: {} });

  it('is kept where the configuration says, else where the user keeps things', () => {
    const at = (selfSignedDir: string | undefined, env: Readonly<Record<string, string>>) =>
      authorityFolder({ global: { selfSignedDir } } as Parameters<typeof authorityFolder>[0], env);
    assert.equal(at('/x', { XDG_STATE_HOME: '/state', HOME: '/home/ada' }), '/x');
    assert.equal(at(undefined, { XDG_STATE_HOME: '/state', HOME: '/home/ada' }), '/state/fairlead/tls');
    assert.equal(at(undefined, {}), '/var/lib/fairlead/tls');
  });

  const cases: readonly (readonly [what: string, section: string, foreign: boolean])[] = [
    ['routes alone', 'docker-routes', false],
    ['routes and a default', 'docker-routes\n default_backend b', true],
    ['routes and rules', 'docker-routes\n use_backend b if { path /x }', true],
    ['no routes', 'default_backend b', true],
  ];
  for (const [what, section, foreign] of cases) {
    it(`vouches for hosts that nobody routes with ${what}: ${foreign}`, async () => {
      const { prepared, diagnostics } = read(`frontend www\n bind :443 ssl self-signed\n ${section}\nbackend b\n`);
      assert.ok(prepared, diagnostics.map(({ message }) => message).join());
      const told: string[] = [];
      const table = section.startsWith('docker') ? new RouteTable([route('app.test', 'app')], true) : undefined;
      const development = new Development({
        env: {},
        hostname: 'lab',
        events: { event: (_level, message) => told.push(message) },
        routes: () => table,
      });
      await development.arm(prepared.certificates, prepared.config);
      await development.arm(prepared.certificates, prepared.config);
      assert.equal(told.length, 1, 'it is told once');
      const [listener] = prepared.certificates.development;
      assert.ok(listener);
      assert.ok(listener.find('app.test'));
      assert.equal(listener.find('app.test'), listener.find('app.test'));
      assert.equal(listener.find('other.test') !== undefined, foreign);
      for (const name of ['127.0.0.1', '-', 'a..b', 'x'.repeat(254), '']) assert.equal(listener.find(name), undefined, name);
    });
  }

  it('vouches at once for hosts that rules name, however many others are asked for', async () => {
    const rules = [
      'acl one hdr(host) -i One.test two.test:8443',
      'acl sni ssl_fc_sni sni.test',
      'acl ends hdr(host) -m end wide.test',
      'acl begins hdr_beg(host) begun.test',
      'use_backend b if one or sni or ends or begins',
      'use_backend b if { req.hdr(Host),lower -m str three.test } { path /four.test }',
    ].join('\n ');
    const { prepared, diagnostics } = read(`frontend www\n bind :443 ssl self-signed\n ${rules}\nbackend b\n`);
    assert.ok(prepared, diagnostics.map(({ message }) => message).join());
    const development = new Development({ env: {}, hostname: 'lab', events: { event: () => {} }, routes: () => undefined });
    await development.arm(prepared.certificates, prepared.config);
    const listener = prepared.certificates.development[0] ?? assert.fail();
    // As many as a flood is given, and time for a few more.
    for (let at = 0; at < 1000 && listener.find(`x${at}.evil.test`) !== undefined; at++);
    const named = ['one.test', 'two.test', 'sni.test', 'three.test'];
    assert.deepEqual(
      named.filter((name) => listener.find(name) === undefined),
      [],
    );
    const others = ['wide.test', 'begun.test', '/four.test', 'path'];
    assert.deepEqual(
      [...namedHosts(prepared.config.proxies[0] ?? assert.fail())].filter((name) => others.includes(name)),
      [],
    );
  });

  it('is printed by fairlead ca, with what to do', () => {
    const file = join(folder, 'ca.pem');
    const { code, output } = runFairlead(['ca', '--dir', folder]);
    assert.equal(code, 0);
    assert.ok(output.includes(readFileSync(file, 'latin1')));
    assert.ok(output.includes(`is in ${file}.`));
    assert.ok(output.includes('curl --cacert ca.pem '), 'the file that the output goes to');
    assert.equal(runFairlead(['ca', '--dir', folder, '--path']).output, `${file}\n`);
    const none = runFairlead(['ca', '--dir', join(folder, 'none')]);
    assert.equal(none.code, 1);
    assert.match(none.output, /there is no development authority in .*none yet.*--dir DIR where it is kept elsewhere/);
    assert.equal(runFairlead(['ca', '--directory']).code, 2);
  });

  it('that is damaged keeps the configuration from being taken, at its line', () => {
    writeFileSync(join(folder, 'ca-key.pem'), 'no');
    const { prepared, diagnostics } = read('frontend www\n bind :443 ssl self-signed\n');
    assert.equal(prepared, undefined);
    const [found] = diagnostics.filter(({ severity }) => severity === 'alert');
    assert.match(found?.message ?? '', /'self-signed' : '.*ca-key\.pem' is not the key and the certificate/);
    assert.equal(found?.place?.line, 9);
  });
});

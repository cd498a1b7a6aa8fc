/**
 * The words of TLS and HTTP/2 side by side with a real HAProxy 2.6: both say the same of each mistake, and of what is only doubtful.
 * What is wrong with files is none of the words' business.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadText } from '../../src/config/load.ts';

const version = spawnSync('haproxy', ['-v'], { encoding: 'utf8' }).stdout ?? '';
const skip = version.includes('version 2.6.') ? false : 'no haproxy 2.6 is installed';

/** Of the source tree: fixtures are not compiled. */
const FIXTURES = resolve(import.meta.dirname, '../../../test/fixtures/tls');

const DEFAULTS = 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n';

/** Lines that stand in a frontend with `CRT` for a certificate, in a backend, or in `global`. */
const binds: readonly string[] = [
  'bind :443 ssl',
  'bind :443,:444 ssl',
  'bind :443 ssl strict-sni',
  'bind :443 ssl CRT verify required',
  'bind :443 ssl CRT verify optional',
  'bind :443 ssl CRT verify required ca-file CA',
  'bind :443 ssl CRT verify required ca-verify-file CA',
  'bind :443 ssl CRT verify',
  'bind :443 ssl CRT verify maybe',
  'bind :443 ssl CRT alpn',
  'bind :443 ssl CRT npn',
  'bind :443 ssl CRT crt-list',
  'bind :443 ssl CRT ca-file',
  'bind :443 ssl CRT ca-verify-file',
  'bind :443 ssl CRT crl-file',
  'bind :443 ssl CRT ciphers',
  'bind :443 ssl CRT ciphersuites',
  'bind :443 ssl CRT curves',
  'bind :443 ssl CRT ecdhe',
  'bind :443 ssl CRT tls-ticket-keys',
  'bind :443 ssl CRT ca-ignore-err',
  'bind :443 ssl CRT ca-ignore-err 0',
  'bind :443 ssl CRT ca-ignore-err 10,95',
  'bind :443 ssl CRT crt-ignore-err x',
  'bind :443 ssl CRT crt-ignore-err all',
  'bind :443 ssl CRT ssl-min-ver',
  'bind :443 ssl CRT ssl-min-ver TLSv1.9',
  'bind :443 ssl CRT ssl-min-ver SSLv3',
  'bind :443 ssl CRT ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2',
  'bind :443 ssl CRT ssl-max-ver TLSv1.1',
  'bind :443 ssl CRT ssl-max-ver TLSv1.2',
  'bind :443 ssl CRT no-tlsv12',
  'bind :443 ssl CRT no-tlsv12 no-tlsv13',
  'bind :443 ssl CRT no-tlsv12 ssl-min-ver TLSv1.2',
  'bind :443 ssl CRT no-tlsv13 ssl-max-ver TLSv1.3',
  'bind :443 ssl CRT force-sslv3',
  'bind :443 ssl CRT force-tlsv12 force-tlsv13 no-tlsv13',
  'bind :443 ssl CRT force-tlsv10',
  'bind :443 CRT verify required alpn h2',
  'bind :443 ssl CRT proto',
  'bind :443 ssl CRT proto h3',
  'bind :443 ssl CRT proto h2 alpn h2,,http/1.1',
  'bind :80 proto h1',
  'mode tcp\n bind :80 proto h2',
  'mode tcp\n bind :443 ssl CRT proto h1',
  'bind :80\n option disable-h2-upgrade\n no option disable-h2-upgrade',
  'disabled\n bind :443 ssl',
];

const servers: readonly string[] = [
  'ssl verify none',
  'ssl verify none verify required ca-file CA',
  'ssl verify optional',
  'ssl verify',
  'ssl verify none sni',
  'ssl verify none verifyhost',
  'ssl verify none ca-file',
  'ssl verify none crl-file',
  'ssl verify none crt',
  'ssl verify none ciphers',
  'ssl verify none ciphersuites',
  'ssl verify none alpn',
  'ssl verify none npn',
  'ssl verify none check-alpn',
  'ssl verify none check-sni',
  'ssl verify none ws',
  'ssl verify none ws x',
  'ssl verify none ws auto ws h1',
  'ssl verify none ssl-min-ver',
  'ssl verify none ssl-max-ver x',
  'ssl verify none ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2',
  'ssl verify none ssl-max-ver TLSv1.1',
  'ssl verify none no-tlsv12',
  'ssl verify none no-tlsv10 no-tlsv13',
  'ssl verify none no-tlsv11 ssl-min-ver TLSv1.2',
  'ssl verify none force-sslv3',
  'ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2',
  'check check-ssl verify none no-check-ssl',
  'check check-ssl verify none check-sni a.test check-alpn http/1.1',
  'ssl verify none no-ssl ssl-reuse no-ssl-reuse tls-tickets no-tls-tickets allow-0rtt npn x',
  'proto',
  'proto h1',
  'crt-list x',
  'curves X25519',
];

const globals: readonly string[] = [
  'ssl-default-bind-options',
  'ssl-default-bind-options foo',
  'ssl-default-bind-options strict-sni',
  'ssl-default-bind-options ssl-min-ver',
  'ssl-default-bind-options ssl-min-ver X',
  'ssl-default-bind-options no-sslv3 no-tlsv10 no-tls-tickets prefer-client-ciphers force-tlsv12 ssl-max-ver TLSv1.3',
  'ssl-default-bind-options no-tlsv11 no-tlsv12 no-tlsv13',
  'ssl-default-server-options',
  'ssl-default-server-options prefer-client-ciphers',
  'ssl-default-server-options no-tls-tickets no-sslv3',
  'ssl-default-server-options no-tlsv11 ssl-min-ver TLSv1.2',
  'ssl-default-server-options ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2',
  'ssl-default-bind-ciphers',
  'ssl-default-bind-ciphers a b',
  'ssl-default-bind-ciphersuites',
  'ssl-default-bind-curves',
  'ssl-default-server-ciphers',
  'ssl-default-server-ciphersuites',
  'ssl-server-verify',
  'ssl-server-verify x',
  'ssl-server-verify none required',
  'ca-base',
  'ca-base /x\n ca-base /y',
  'crt-base',
  'crt-base /x y',
  'ssl-load-extra-files none all key',
  'ssl-load-extra-files key none',
  'ssl-load-extra-files sctl ocsp issuer bundle key',
  'ssl-load-extra-del-ext x',
  'ssl-skip-self-issued-ca x',
  'ssl-dh-param-file',
  'issuers-chain-path',
  'tune.ssl.lifetime',
  'tune.ssl.lifetime 5m',
  'tune.ssl.default-dh-param',
  'tune.ssl.default-dh-param 2048',
  'maxsslconn',
  'maxsslrate',
  'tune.h2.header-table-size',
  'tune.h2.header-table-size 4095',
  'tune.h2.header-table-size 65536',
  'tune.h2.initial-window-size -1',
  'tune.h2.initial-window-size 2147483648',
  'tune.h2.initial-window-size 0',
  'tune.h2.max-concurrent-streams -1',
  'tune.h2.max-concurrent-streams 0',
  'tune.h2.max-frame-size 16383',
  'tune.h2.max-frame-size 16777215',
  'tune.h2.max-frame-size 16777216',
];

const checks: readonly string[] = [
  'option httpchk\n http-check connect ssl sni x alpn http/1.1 proto h1',
  'option httpchk\n http-check connect default ssl',
  'option httpchk\n http-check connect sni',
  'option httpchk\n http-check connect alpn',
  'option httpchk\n http-check connect proto',
  'option httpchk\n http-check connect proto x',
  'option httpchk\n http-check connect foo',
  'option tcp-check\n tcp-check connect ssl sni x alpn h2',
  'option tcp-check\n tcp-check connect ssl proto h2',
];

const cases: readonly (readonly [name: string, text: string])[] = [
  ...binds.map((lines) => [lines, `${DEFAULTS}frontend f\n ${lines}\n`] as const),
  ...servers.map(
    (words) => [`server ${words}`, `${DEFAULTS}frontend f\n bind :80\nbackend b\n server a 127.0.0.1:443 ${words}\n`] as const,
  ),
  ...globals.map(
    (lines) =>
      [
        lines,
        `global\n ${lines}\n${DEFAULTS}frontend f\n bind :443 ssl CRT\nbackend b\n server a 127.0.0.1:443 ssl verify none\n`,
      ] as const,
  ),
  ...checks.map((lines) => [lines, `${DEFAULTS}frontend f\n bind :80\nbackend b\n ${lines}\n`] as const),
];

/** Severity and sentence, without where it stands and the points at its end, which differ. */
function plain(severity: string, sentence: string): string {
  const text = sentence
    .replace(/^config : /, '')
    .replace(/^(parsing )?\[[^\]]*\] ?: /, '')
    .replaceAll('  ', ' ')
    .replace(/\.*$/, '');
  return `${severity}: ${text}`;
}

function theirs(file: string): readonly string[] {
  const { stderr } = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' });
  return stderr.split('\n').flatMap((line) => {
    const [, severity, sentence] = /^\[(ALERT|WARNING)\] *\(\d+\) : (.*)$/.exec(line) ?? [];
    if (severity === undefined || sentence === undefined || /^config : (Fatal errors|Error\(s\)) found/.test(sentence)) return [];
    return [plain(severity.toLowerCase(), sentence)];
  });
}

function ours(text: string, file: string): readonly string[] {
  return loadText(text, file, { env: {} }).diagnostics.flatMap(({ severity, message }) =>
    severity === 'notice' ? [] : [plain(severity, message)],
  );
}

describe('what is said of TLS and HTTP/2', { skip }, () => {
  const folder = skip === false ? mkdtempSync(join(tmpdir(), 'fairlead-words-')) : '';
  const file = join(folder, 'haproxy.cfg');
  after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, template] of cases) {
    it(name.replaceAll('\n', ' |'), () => {
      const text = template.replaceAll('CRT', `crt ${FIXTURES}/server.pem`).replaceAll('CA', `${FIXTURES}/ca.pem`);
      writeFileSync(file, text);
      assert.deepEqual(ours(text, file), theirs(file));
    });
  }
});

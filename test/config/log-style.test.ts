/** What the lines about logs and captures come to. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadText } from '../../src/config/load.ts';
import type { ProxyConfig } from '../../src/config/model.ts';

function proxies(text: string): readonly ProxyConfig[] {
  const head = 'defaults\n mode http\n timeout client 1s\n timeout connect 1s\n timeout server 1s\n log 127.0.0.1:514 local0\n';
  const { config, diagnostics } = loadText(head + text, 'test.cfg', { env: {}, cwd: '/' });
  assert.deepEqual(diagnostics, []);
  assert.ok(config);
  return config.proxies;
}

const formatOf = (text: string): readonly [string, string | undefined] => {
  const [proxy] = proxies(text);
  return [proxy?.logFormat ?? '', proxy?.logStyle.format?.text.slice(0, 8)];
};

test('of options and log-format the last stands, whoever has said it', () => {
  assert.deepEqual(formatOf('frontend f\n bind :80\n option httplog\n log-format %ci'), ['custom', '%ci']);
  assert.deepEqual(formatOf('frontend f\n bind :80\n log-format %ci\n option httplog'), ['httplog', undefined]);
  assert.deepEqual(formatOf('frontend f\n bind :80\n option jsonlog\n option httplog clf'), ['custom', '%{+Q}o %']);
  assert.deepEqual(formatOf('frontend f\n bind :80\n option httpslog\n option tcplog'), ['tcplog', undefined]);
  assert.deepEqual(formatOf(' log-format %ci\nfrontend f\n bind :80'), ['custom', '%ci']);
  assert.deepEqual(formatOf(' log-format %ci\nfrontend f\n bind :80\n option jsonlog'), ['jsonlog', undefined]);
});

test('captures are numbered in the order of their lines, those of rules among them', () => {
  const [proxy] = proxies(`frontend f
 bind :80
 capture request header Host len 5
 http-request capture path len 7 if { path /a }
 declare capture request len 9
 capture response header Server len 3
 capture cookie sid len 60
`);
  assert.deepEqual(proxy?.captures.request, [
    { name: 'host', length: 5 },
    { name: undefined, length: 7 },
    { name: undefined, length: 9 },
  ]);
  assert.deepEqual(proxy?.captures.response, [{ name: 'server', length: 3 }]);
  assert.equal(proxy?.captures.cookie?.length, 60);
  assert.deepEqual(proxy?.httpRequest[0]?.words, ['capture', 'path', 'id', '1', 'if', '{', 'path', '/a', '}']);
});

test('switches of the defaults can be taken back', () => {
  const [one, other] = proxies(` option dontlog-normal
 option log-separate-errors
 option logasap
 log-tag edge
frontend one
 bind :80
 option httplog
frontend other
 bind :81
 option httplog
 no option dontlog-normal
 no option log-separate-errors
 no option logasap
 log-tag other
`);
  const style = ({ logStyle }: ProxyConfig) => [logStyle.dontlogNormal, logStyle.separateErrors, logStyle.asap, logStyle.tag];
  assert.deepEqual(style(one as ProxyConfig), [true, true, true, 'edge']);
  assert.deepEqual(style(other as ProxyConfig), [false, false, false, 'other']);
});

/** `rules/`: what a frontend's conditions and header actions cost for each request. */

import assert from 'node:assert/strict';
import type { RuleSet } from '../../src/rules/types.ts';
import { browser, requestParser } from './http.ts';
import { contextOf, load, section } from './setup.ts';
import { type Entry, entry } from './subject.ts';

const configuration = `
frontend www
    bind 127.0.0.1:80
    acl is_api      hdr(host) -i api.example.com
    acl is_shop     hdr(host) -i www.example.com shop.example.com
    acl under_api   path_beg /api/ /v2/
    acl under_shop  path_beg /shop/
    acl inside      src 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16
    use_backend admin if is_api inside
    use_backend api   if is_api under_api
    use_backend shop  if is_shop under_shop !inside
    default_backend admin
frontend headers
    bind 127.0.0.1:81
    http-request set-header X-Client %[src]:%[src_port]
    http-request set-header X-Real-Path %[path]
    http-request del-header Cookie
    default_backend admin
frontend denying
    bind 127.0.0.1:82
    http-request deny if { path_beg /private/ } !{ src 10.0.0.0/8 }
    http-request deny if { hdr_cnt(host) gt 1 }
    default_backend admin
backend admin
backend api
backend shop
`;

function requestRules(frontend: string): RuleSet {
  const { request } = section(load(configuration), frontend).rules;
  if (request === undefined) throw new Error(`${frontend} has no http-request rules`);
  return request;
}

export const rules: readonly Entry[] = [
  entry('rules: route by host, path_beg and src, 3 use_backend', () => {
    const { route } = section(load(configuration), 'www').rules;
    if (route === undefined) throw new Error('www has no use_backend');
    const context = contextOf(requestParser(browser)());
    return { op: () => route(context), verify: (backend) => assert.equal(backend, 'shop') };
  }),
  entry('rules: 2 deny rules that do not match', () => {
    const run = requestRules('denying');
    const context = contextOf(requestParser(browser)());
    return { op: () => run(context), verify: (final) => assert.equal(final, undefined) };
  }),
  entry('rules: parse, 2 set-header with a format, del-header', () => {
    const run = requestRules('headers');
    const parse = requestParser(browser);
    const context = contextOf(parse());
    return {
      op: () => {
        parse();
        run(context);
        return context.request;
      },
      verify: (head) => {
        assert.deepEqual(head.values('x-client'), ['192.0.2.7:54610']);
        assert.deepEqual(head.values('x-real-path'), ['/shop/items']);
        assert.deepEqual(head.values('cookie'), []);
      },
    };
  }),
];

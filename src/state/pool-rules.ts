/** What labels ask of a pool's clients, as the lines that a section would have: where from, by https, and to say who they are. */

import type { Config, Place, ProxyConfig, RawRule } from '../config/model.ts';
import type { PoolOptions } from '../discovery/provider.ts';

/** The rest of the configuration, as far as it counts. */
type Whole = Pick<Config, 'userlists' | 'proxies'>;

/**
 * Who is to come by https is told so before being asked for a password. The address is the client's own: the request's path
 * may have been rewritten for the servers. Its port is that of plain HTTP, and is left out, or becomes ours for TLS.
 */
export function poolRules(place: Place, { redirect, auth, allow }: PoolOptions, { userlists, proxies }: Whole): readonly RawRule[] {
  const rules: (readonly string[])[] = [];
  if (allow !== undefined) rules.push(['deny', 'unless', '{', 'src', ...allow, '}']);
  if (redirect !== undefined) {
    const clear = ['!{', 'ssl_fc', '}', '!{', 'req.hdr(x-forwarded-proto)', '-i', 'https', '}'];
    const to = (port: string) => [
      'redirect',
      'location',
      `https://%[req.hdr(host),host_only]${port}%[capture.req.uri]`,
      'code',
      `${redirect}`,
    ];
    const { port, besides } = portsOf(proxies.filter(({ dockerRoutes, consulRoutes }) => dockerRoutes.length + consulRoutes.length > 0));
    if (port !== undefined && besides.length > 0)
      rules.push([...to(`:${port}`), 'if', ...clear, '{', 'req.hdr(host),port_only', ...besides.map(String), '}']);
    rules.push([...to(''), 'unless', '{', 'ssl_fc', '}', 'or', '{', 'req.hdr(x-forwarded-proto)', '-i', 'https', '}']);
  }
  // A source refuses containers with an unknown list; should one come through, nobody is let in.
  if (auth !== undefined) rules.push(userlists.has(auth) ? ['auth', 'unless', '{', `http_auth(${auth})`, '}'] : ['deny']);
  return rules.map((words) => ({ place, words }));
}

/**
 * Where TLS is spoken on one port that is not 443, and the ports of plain HTTP whose clients are led to that one: who names another port
 * in Host, or none, has come through somebody who gives our ports other numbers, as Docker does where it publishes them.
 */
function portsOf(routing: readonly ProxyConfig[]): { readonly port: number | undefined; readonly besides: readonly number[] } {
  const binds = routing.flatMap((proxy) => proxy.binds);
  const ports = (secure: boolean) => [
    ...new Set(
      binds.flatMap(({ address, ssl }) =>
        (ssl !== undefined) === secure && address.kind === 'inet' && address.port > 0 ? [address.port] : [],
      ),
    ),
  ];
  const [port, ...more] = ports(true);
  return { port: more.length > 0 || port === 443 ? undefined : port, besides: ports(false).filter((one) => one !== 80) };
}

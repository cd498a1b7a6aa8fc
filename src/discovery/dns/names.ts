/** The servers of a configuration whose address comes from the resolver. */

import { isIP } from 'node:net';
import type { Config, ProxyConfig, ServerConfig, ServerTemplateConfig } from '../../config/model.ts';

/** The source's name in snapshots. */
export const DNS_SOURCE = 'dns';

/** `server-template web 1-3 app:80` is web1, web2, web3. A literal address needs no resolver: all of them get it. */
export function expandTemplate(line: ServerTemplateConfig): readonly ServerConfig[] {
  const literal = isIP(line.fqdn) > 0;
  return Array.from({ length: line.to - line.from + 1 }, (_, index) => {
    const name = `${line.prefix}${line.from + index}`;
    return {
      ...line.template,
      name,
      identity: name,
      address: literal ? line.fqdn : undefined,
      port: line.port,
      fqdn: literal ? undefined : line.fqdn,
      origin: `${line.place.file}:${line.place.line}`,
    };
  });
}

/** One server that waits for an address. */
export interface NamedServer {
  readonly config: ServerConfig;
  readonly fqdn: string;
  readonly template: boolean;
}

/** Of one section, `server` lines first, in the order of the text. */
export function namedServers(proxy: ProxyConfig): readonly NamedServer[] {
  const lines = proxy.servers.map((config) => ({ config, template: false }));
  const slots = proxy.serverTemplates.flatMap(expandTemplate).map((config) => ({ config, template: true }));
  return [...lines, ...slots].flatMap(({ config, template }) =>
    config.fqdn === undefined ? [] : [{ config, template, fqdn: config.fqdn }],
  );
}

/** Every name to resolve, once, in lower case. */
export function namesOf(config: Config): ReadonlySet<string> {
  return new Set(config.proxies.flatMap((proxy) => namedServers(proxy).map(({ fqdn }) => fqdn.toLowerCase())));
}

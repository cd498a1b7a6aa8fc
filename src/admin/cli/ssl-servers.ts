/** Which servers name what the `ssl` commands are about. */

import type { ServerSslConfig } from '../../config/model.ts';
import type { Runtime } from './runtime.ts';

/** How many there are. */
export function serversWith({ proxies }: Pick<Runtime, 'proxies'>, names: (ssl: ServerSslConfig) => boolean): number {
  const backends = new Set(proxies.flatMap(({ backend }) => (backend === undefined ? [] : [backend])));
  const servers = [...backends].flatMap((backend) => backend.servers.filter((server) => !server.removed));
  return servers.filter(({ config: { ssl, sslWords = ssl } }) => sslWords !== undefined && names(sslWords)).length;
}

/** `http-check send-state`: how a server is seen, for itself (manual 4.2). */

import type { Server } from '../server.ts';
import { OpState } from '../types.ts';

/** `UP 2/3; address=192.0.2.1; port=80; name=app/web1; node=lb1; weight=1/2; scur=13/22; qcur=0` */
export function stateHeader(server: Server, node: string): string {
  const { config, backend, check } = server;
  const unix = config.address?.startsWith('/') === true;
  const total = backend.servers.reduce((sum, one) => sum + (one.usable ? one.weight : 0), 0);
  const busy = backend.servers.reduce((sum, one) => sum + one.scur, 0);
  const fields = [
    `address=${unix ? 'unix' : config.address}`,
    `port=${unix ? 'unix' : config.port}`,
    `name=${backend.name}/${config.name}`,
    `node=${node}`,
    `weight=${server.weight}/${total}`,
    `scur=${server.scur}/${busy}`,
    `qcur=${server.queue.length}`,
  ];
  const word = server.op === OpState.Stopped ? 'DOWN' : server.op === OpState.Stopping ? 'NOLB' : 'UP';
  const whole = word === 'DOWN' ? check.value === 0 : check.value === check.top;
  return `${word}${whole ? '' : ` ${check.part(word !== 'DOWN')}`}; ${fields.join('; ')}`;
}

/** A TLS server on an event loop of its own: it answers while this process is still at what it has sent. */

import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { answers, startTlsUpstream } from './tls-upstream.ts';

const ROLE = 'tls-elsewhere';

/** As `startTlsUpstream('server', answers)`; who counts its connections is who makes them. */
export async function startTlsElsewhere(): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const worker = new Worker(new URL(import.meta.url), { workerData: ROLE });
  const [address] = (await once(worker, 'message')) as [string];
  return {
    address,
    async stop() {
      await worker.terminate();
    },
  };
}

if (!isMainThread && workerData === ROLE) {
  const { address } = await startTlsUpstream('server', answers);
  parentPort?.postMessage(address);
}

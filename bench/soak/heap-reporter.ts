/** Loaded into the proxy before its own code (`--import`): writes the sizes of its heap to FAIRLEAD_SOAK_HEAP now and then. */

import { writeFileSync } from 'node:fs';

/** Bytes. `external` is what objects of the heap hold outside of it: buffers, above all. */
export type HeapReport = Pick<NodeJS.MemoryUsage, 'heapUsed' | 'external'>;

const everyMs = 2500;
const file = process.env.FAIRLEAD_SOAK_HEAP;

if (file !== undefined) {
  const report = (): void => {
    const { heapUsed, external }: HeapReport = process.memoryUsage();
    writeFileSync(file, JSON.stringify({ heapUsed, external }));
  };
  report();
  setInterval(report, everyMs).unref();
}

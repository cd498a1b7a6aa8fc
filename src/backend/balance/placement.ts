/** What the balancing algorithm in use knows of one server (`server.lb`). Other rooms leave it alone. */

import type { ServerHeap } from './heap.ts';

export class Placement {
  /** The heap that it stands in, and where; `index` is -1 while it stands in none. */
  heap: ServerHeap | undefined = undefined;
  index = -1;
  /** Its place in the order: by key, then by order. */
  key = 0;
  order = 0;
  /** The effective weight that the algorithm has taken note of; 0 while it does not know the server. */
  weight = 0;
  // Round robin alone: the positions of its next and of its last turn, and what division left over of the way.
  npos = 0;
  lpos = 0;
  rweight = 0;
  /** Consistent hashing alone: the greatest weight that it ever had. */
  most = 0;
  /** Saturated, and left out of account until it gives back a slot. */
  aside = false;

  /** Before another algorithm takes over. */
  reset(): void {
    this.heap = undefined;
    this.index = -1;
    this.key = 0;
    this.order = 0;
    this.weight = 0;
    this.npos = 0;
    this.lpos = 0;
    this.rweight = 0;
    this.most = 0;
    this.aside = false;
  }
}

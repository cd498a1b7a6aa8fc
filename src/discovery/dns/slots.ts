/**
 * Which address of a name stands on which server. An address stays on its server while the name still has it, so that
 * a changed answer moves as little traffic as possible; freed servers take the new addresses in the answer's order.
 */

/** One server that takes an address of a name. */
export interface Slot {
  readonly key: string;
  /** Takes an address that others have already rather than none: a `server` line, which names a host and not a share of it. */
  readonly shares: boolean;
}

/** Slot key -> address; a slot without one is missing. `previous` is what the last call answered. */
export function assignSlots(
  slots: readonly Slot[],
  addresses: readonly string[],
  previous: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const assigned = new Map<string, string>();
  const free = new Set(addresses);
  for (const { key, shares } of slots) {
    const address = previous.get(key);
    if (address === undefined || !addresses.includes(address)) continue;
    // A server that shared gives way when an address is free for it: it is assigned below.
    if (shares && !free.has(address) && free.size > 0) continue;
    if (!shares && !free.has(address)) continue;
    assigned.set(key, address);
    free.delete(address);
  }
  for (const { key, shares } of slots) {
    if (assigned.has(key)) continue;
    const [next] = free;
    const address = next ?? (shares ? addresses[0] : undefined);
    if (address === undefined) continue;
    assigned.set(key, address);
    free.delete(address);
  }
  return assigned;
}

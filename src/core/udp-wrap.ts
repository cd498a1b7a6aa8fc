/**
 * Node's own binding for datagram sockets, for who sends a datagram per request: `node:dgram` makes a list, a request and a
 * Buffer for each. It also takes descriptors of any family, where `node:dgram` has none for them. Like `tcp-wrap.ts` one of
 * the places where the process is touched outside of main.ts; where it is not as expected there is none.
 */

/** A handle as `node:dgram` itself uses it. Each call but `send` answers 0 or a negative error number. */
export interface UdpHandle {
  /** Takes over a descriptor: `close` closes it. */
  open(descriptor: number): number;
  connect(address: string, port: number): number;
  connect6(address: string, port: number): number;
  /**
   * To whom it is connected. Answers above 0 when the system has taken it, 0 when it waits (the bytes belong to it until
   * `request.oncomplete`), or a negative error number.
   */
  send(request: SendRequest, list: readonly Uint8Array[], count: number, tellsEnd: true): number;
  /** Bytes that wait. */
  getSendQueueSize(): number;
  close(): void;
  unref(): void;
}

export interface SendRequest {
  /** What waits with it: it keeps the bytes. */
  list?: readonly Uint8Array[];
  oncomplete?: (status: number) => void;
}

interface UdpWrap {
  readonly UDP: new () => UdpHandle;
  readonly SendWrap: new () => SendRequest;
}

export const udpWrap: UdpWrap | undefined = find();

function find(): UdpWrap | undefined {
  try {
    const { binding } = process as unknown as { binding(name: string): Partial<UdpWrap> };
    return checked(binding('udp_wrap'));
  } catch {
    return undefined;
  }
}

function checked({ UDP, SendWrap }: Partial<UdpWrap>): UdpWrap | undefined {
  if (typeof UDP !== 'function' || typeof SendWrap !== 'function') return undefined;
  const prototype = UDP.prototype as unknown as Record<string, unknown>;
  const methods = ['open', 'connect', 'connect6', 'send', 'getSendQueueSize', 'close', 'unref'];
  return methods.every((name) => typeof prototype[name] === 'function') ? { UDP, SendWrap } : undefined;
}

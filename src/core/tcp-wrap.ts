/**
 * Node's own binding for TCP connections, for who opens thousands of them and needs nothing that `node:net` adds: streams,
 * events, an object with forty fields each. Like `proxy/stream-wrap.ts` one of the places of the process that are touched
 * outside of main.ts; where it is not as expected there is none, and `node:net` does it.
 */

/** A handle as `node:net` itself uses it. Each call answers 0 or a negative error number. */
export interface TcpHandle {
  connect(request: object, address: string, port: number): number;
  connect6(request: object, address: string, port: number): number;
  writeLatin1String(request: object, text: string): number;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  getpeername(out: object): number;
  /** Closes with RST; only once connected. */
  reset(): number;
  close(): void;
  unref(): void;
  onread: (this: TcpHandle) => void;
}

export interface ConnectRequest {
  oncomplete: (this: ConnectRequest, status: number) => void;
}

export interface TcpWrap {
  readonly TCP: new (type: number) => TcpHandle;
  readonly constants: { readonly SOCKET: number };
  readonly TCPConnectWrap: new () => ConnectRequest;
  readonly WriteWrap: new () => { oncomplete?: (status: number) => void };
  /** `[kReadBytesOrError]` is how many bytes came, or a negative error number. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
}

export const tcpWrap: TcpWrap | undefined = find();

function find(): TcpWrap | undefined {
  try {
    const { binding } = process as unknown as { binding(name: string): Partial<TcpWrap> };
    return checked({ ...binding('tcp_wrap') }, { ...binding('stream_wrap') });
  } catch {
    return undefined;
  }
}

function checked(tcp: Partial<TcpWrap>, stream: Partial<TcpWrap>): TcpWrap | undefined {
  const { TCP, TCPConnectWrap, constants } = tcp;
  const { WriteWrap, streamBaseState, kReadBytesOrError } = stream;
  const constructors = [TCP, TCPConnectWrap, WriteWrap].every((what) => typeof what === 'function');
  const numbers = typeof constants?.SOCKET === 'number' && typeof kReadBytesOrError === 'number';
  if (!constructors || !numbers || !ArrayBuffer.isView(streamBaseState)) return undefined;
  const methods = ['connect', 'connect6', 'writeLatin1String', 'useUserBuffer', 'readStart', 'getpeername', 'reset', 'close', 'unref'];
  const prototype = TCP?.prototype as Record<string, unknown>;
  if (!methods.every((name) => typeof prototype[name] === 'function')) return undefined;
  return { TCP, TCPConnectWrap, constants, WriteWrap, streamBaseState, kReadBytesOrError } as TcpWrap;
}

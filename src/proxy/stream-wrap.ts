/**
 * Node's own binding for writes to streams: the one thing of the process that is touched outside of main.ts.
 *
 * `process.binding` is deprecated in the documentation only and has been the same from Node 12 to 26. Where it is not as
 * expected there is none, and everything is written by `socket.write`: slower, and nothing else changes.
 */

export interface StreamWrap {
  readonly WriteWrap: new () => object;
  /** `[kLastWriteWasAsync]` is not 0 when the kernel has not taken all of the last write. */
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
}

export const streamWrap: StreamWrap | undefined = find();

function find(): StreamWrap | undefined {
  try {
    const { binding } = process as unknown as { binding(name: string): Partial<StreamWrap> };
    return checked(binding('stream_wrap'));
  } catch {
    return undefined;
  }
}

function checked({ WriteWrap, streamBaseState, kLastWriteWasAsync }: Partial<StreamWrap>): StreamWrap | undefined {
  if (typeof WriteWrap !== 'function' || !ArrayBuffer.isView(streamBaseState) || typeof kLastWriteWasAsync !== 'number') return undefined;
  return { WriteWrap, streamBaseState, kLastWriteWasAsync };
}

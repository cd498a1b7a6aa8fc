/**
 * What Node's HTTP/2 is told to bear of a client. Floods end with GOAWAY(ENHANCE_YOUR_CALM) by nghttp2 and Node themselves: of
 * PING and SETTINGS beyond what may wait for an answer, of header lists, of frames that are none, of CONTINUATION.
 */

import type { ServerSessionOptions } from 'node:http2';
import type { H2Config } from '../../config/model.ts';

/** Bytes of a header list, names and values and 32 for each (RFC 9113 6.5.2): Node's own default. */
const MAX_HEADER_LIST = 65535;
/** tune.http.maxhdr has its say later, with a reply; four more are pseudo-header fields. */
const MAX_HEADER_PAIRS = 256;

let last: { readonly of: H2Config; readonly options: ServerSessionOptions } | undefined;

export function sessionOptions(h2: H2Config): ServerSessionOptions {
  if (last?.of === h2) return last.options;
  const options: ServerSessionOptions = {
    maxDeflateDynamicTableSize: 4096,
    maxHeaderListPairs: MAX_HEADER_PAIRS,
    maxSessionInvalidFrames: 1000,
    maxSessionRejectedStreams: 100,
    maxSettings: 32,
    maxOutstandingPings: 10,
    maxSessionMemory: 16,
    settings: {
      headerTableSize: h2.headerTableSize,
      initialWindowSize: h2.initialWindowSize,
      maxFrameSize: h2.maxFrameSize,
      maxHeaderListSize: MAX_HEADER_LIST,
      enablePush: false,
      enableConnectProtocol: h2.websockets,
      ...(h2.maxConcurrentStreams === 0 ? {} : { maxConcurrentStreams: h2.maxConcurrentStreams }),
    },
  };
  last = { of: h2, options };
  return options;
}

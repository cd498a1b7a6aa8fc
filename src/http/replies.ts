/**
 * The proxy's own replies: HAProxy's error pages, word for word (manual 1.3.1, "errorfile"), because health checks,
 * monitoring and tests out there compare them.
 */

/** One reply: everything but `connection`, which the exchange knows. */
export interface ErrorReply {
  readonly status: number;
  readonly reason: string;
  readonly fieldLines: string;
  readonly body: string;
}

const ROWS: readonly (readonly [status: number, reason: string, sentence: string])[] = [
  [200, 'OK', 'Service ready.'],
  [400, 'Bad request', 'Your browser sent an invalid request.'],
  [401, 'Unauthorized', 'You need a valid user and password to access this content.'],
  [403, 'Forbidden', 'Request forbidden by administrative rules.'],
  [404, 'Not Found', 'The resource could not be found.'],
  [405, 'Method Not Allowed', 'A request was made of a resource using a request method not supported by that resource'],
  [408, 'Request Time-out', "Your browser didn't send a complete request in time."],
  [410, 'Gone', 'The resource is no longer available and will not be available again.'],
  [413, 'Payload Too Large', 'The request entity exceeds the maximum allowed.'],
  [414, 'URI Too Long', 'The request target is longer than this proxy accepts.'],
  [417, 'Expectation Failed', 'The expectation given in the request could not be met.'],
  [421, 'Misdirected Request', 'Request sent to a non-authoritative server.'],
  [422, 'Unprocessable Content', 'The server cannot process the contained instructions.'],
  [425, 'Too Early', 'Your browser sent early data.'],
  [429, 'Too Many Requests', 'You have sent too many requests in a given amount of time.'],
  [500, 'Internal Server Error', 'An internal server error occurred.'],
  // The dot is HAProxy's.
  [501, 'Not Implemented', '.The server does not support the functionality required to fulfill the request.'],
  [502, 'Bad Gateway', 'The server returned an invalid or incomplete response.'],
  [503, 'Service Unavailable', 'No server is available to handle this request.'],
  [504, 'Gateway Time-out', "The server didn't respond in time."],
];

const REPLIES: ReadonlyMap<number, ErrorReply> = new Map(
  ROWS.map(([status, reason, sentence]) => {
    const body = `<html><body><h1>${status} ${reason}</h1>\n${sentence}\n</body></html>\n`;
    const fieldLines = `content-length: ${body.length}\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n`;
    return [status, { status, reason, fieldLines, body }];
  }),
);

/** The reply for `status`; the 500 for one we have no page for. */
export function errorReply(status: number): ErrorReply {
  return REPLIES.get(status) ?? (REPLIES.get(500) as ErrorReply);
}

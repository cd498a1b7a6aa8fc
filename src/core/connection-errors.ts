/** What ends a connection before there is a session on it (manual 7.3.3, `fc_err`), as far as it happens here, and "SSL fatal error". */

export const CONNECTION_ERRORS = {
  none: 0,
  closedInHandshake: 24,
  brokenInHandshake: 25,
  handshakeTimeout: 26,
  untrustedAuthority: 30,
  untrustedCertificate: 31,
  /** A server's certificate has not the name of `verifyhost`, or of `sni`. */
  otherName: 32,
  otherSni: 33,
  handshake: 34,
  /** Behind the handshake. */
  fatal: 43,
} as const;

export type ConnectionError = (typeof CONNECTION_ERRORS)[keyof typeof CONNECTION_ERRORS];

const TEXTS: Readonly<Record<ConnectionError, string>> = {
  0: 'Success',
  24: 'Connection closed during SSL handshake',
  25: 'Connection error during SSL handshake',
  26: 'Timeout during SSL handshake',
  30: 'SSL client CA chain cannot be verified',
  31: 'SSL client certificate not trusted',
  32: 'Server presented an SSL certificate different from the configured one',
  33: 'Server presented an SSL certificate different from the expected one',
  34: 'SSL handshake failure',
  43: 'SSL fatal error',
};

/** `fc_err_str`, and the message of a line of the error log (manual 8.2.5). */
export function connectionErrorText(error: ConnectionError): string {
  return TEXTS[error];
}

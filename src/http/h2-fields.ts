/** Fields of HTTP/1.1 that HTTP/2, or Node's way to write it, does not carry as they are. By their names in small letters. */

/** RFC 9113 8.2.2: what concerns a connection of HTTP/1.1 alone. */
export const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'te',
]);

/**
 * Fields that Node writes once or not at all. Where a server has sent several, all but the first of one that means one thing
 * go: a list is what no client makes of them.
 */
export const SINGLE_FIELDS: ReadonlySet<string> = new Set(
  `access-control-allow-credentials access-control-max-age access-control-request-method age authorization content-encoding
   content-language content-length content-location content-md5 content-range content-type date dnt etag expires from host
   if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards
   proxy-authorization range referer retry-after tk upgrade-insecure-requests user-agent x-content-type-options`.split(/\s+/),
);

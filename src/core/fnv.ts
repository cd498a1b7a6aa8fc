/** FNV-1a over UTF-16 units, 32 bits: a number that a name keeps, for ids and digests. No secret, no checksum. */
export function fnv1a(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}

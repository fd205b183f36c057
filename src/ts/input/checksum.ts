/** FNV-1a, 32 bits (RFC 9923), over UTF-16 code units. It tells texts apart. It does not keep them secret. */
export function checksum(text: string): number {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return sum >>> 0;
}

/**
 * The bytes of the core from printable text; `xtask/src/size/inline.rs` writes it and says why it is
 * not base64. First a bitmap of the bytes that are one character; the others are two.
 */
export function decode(text: string, alphabet: string): Uint8Array<ArrayBuffer> {
  const places = new Uint8Array(128);
  const count = alphabet.length;
  for (let i = 0; i < count; i++) places[alphabet.charCodeAt(i)] = i;
  const singles: number[] = [];
  for (let byte = 0; byte < 256; byte++) if ((parseInt(text.charAt(byte >> 2), 16) >> (byte & 3)) & 1) singles.push(byte);
  const known = singles.length;
  // In place, for the bytes are fewer than the characters. All of it runs once, before any engine has compiled it.
  const bytes = new TextEncoder().encode(text);
  let length = 0;
  for (let i = 64; i < bytes.length;) {
    const place = places[bytes[i++] as number] as number;
    bytes[length++] = place < known ? (singles[place] as number) : (place - known) * count + (places[bytes[i++] as number] as number);
  }
  return bytes.subarray(0, length);
}

/**
 * The bytes of the core from printable text; `xtask/src/size/inline.rs` writes it and says why it is
 * not base64. First a bitmap of the bytes that are one character; the others are two.
 */
export function decode(text: string, alphabet: string): Uint8Array<ArrayBuffer> {
  const places = new Uint8Array(128);
  for (let i = 0; i < alphabet.length; i++) places[alphabet.charCodeAt(i)] = i;
  const placeAt = (i: number) => places[text.charCodeAt(i)] as number;
  const singles: number[] = [];
  for (let byte = 0; byte < 256; byte++) if ((parseInt(text.charAt(byte >> 2), 16) >> (byte & 3)) & 1) singles.push(byte);
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 64; i < text.length; i++) {
    const place = placeAt(i);
    bytes[length++] = singles[place] ?? (place - singles.length) * alphabet.length + placeAt(++i);
  }
  return bytes.subarray(0, length);
}

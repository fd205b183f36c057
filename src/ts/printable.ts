/**
 * The bytes of the core from printable text; `xtask/src/bundle.rs` writes it and says why it is
 * not base64. A character is the rank of a byte; the last three begin a pair, for rare bytes.
 */
export function decode(text: string, alphabet: string): Uint8Array<ArrayBuffer> {
  const ranks = new Uint8Array(128);
  for (let i = 0; i < alphabet.length; i++) ranks[alphabet.charCodeAt(i)] = i;
  const rankAt = (i: number) => ranks[text.charCodeAt(i)] as number;
  const byRank = Uint8Array.from({ length: 256 }, (_, rank) => parseInt(text.slice(2 * rank, 2 * rank + 2), 16));
  const single = alphabet.length - 3;
  const bytes = new Uint8Array(text.length - 512);
  let length = 0;
  for (let i = 512; i < text.length; i++) {
    let rank = rankAt(i);
    if (rank >= single) rank = single + (rank - single) * alphabet.length + rankAt(++i);
    bytes[length++] = byRank[rank] as number;
  }
  return bytes.subarray(0, length);
}

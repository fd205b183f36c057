/** Of the beginning of a secret so many characters are one: more than `Bearer `. */
const LEAST_PART = 8;
const LONGEST_PART = 4096;

/** As servers write it: as it is, in a URL, in JSON. */
const spellings = (secret: string): string[] => [secret, encodeURIComponent(secret), secret.replaceAll("/", "\\/")];

/** Keeps what authorises a call out of whatever is shown. */
export class Secrets {
  #values: Set<string> | undefined;

  /** `given`: the headers of an SDK, of which some are ordinary words. */
  constructor(private readonly given?: Headers) {}

  /** "Bearer abc" is a secret as a whole, and "abc" alone is one too; so is what Basic stands for, and each of several cookies. */
  add(value: string): void {
    const parts = value.split(/[\s;,]+/);
    const cookies = value.includes("=") ? parts.map((part) => part.slice(part.indexOf("=") + 1).replace(/^"|"$/g, "")) : [];
    const pair = /^basic /i.test(value) ? decoded(parts[1] as string) : "";
    const colon = pair.indexOf(":");
    const credentials = colon < 0 ? [] : [pair, pair.slice(0, colon), pair.slice(colon + 1)];
    for (const secret of [value, parts.at(-1) as string, ...cookies, ...credentials]) {
      // Shorter ones would blank out ordinary words, and protect nobody.
      if (secret.length >= 4) (this.#values ??= new Set()).add(secret);
    }
  }

  /** A key may stand in the query of a URL, as it is written or as it is meant. */
  addQuery(url: string): void {
    const at = url.indexOf("?");
    if (at < 0) return;
    for (const pair of url.slice(at + 1).split(/[&#]/)) this.add(pair.slice(pair.indexOf("=") + 1));
    new URL(url).searchParams.forEach((value) => this.add(value));
  }

  /** A server's words as they may be shown. */
  blankOut(text: string): string {
    this.given?.forEach((value, name) => {
      if (!/^(accept|content|user-agent|x-stainless)/.test(name)) this.add(value);
    });
    // The longest first: one may be the beginning of another.
    const secrets = [...(this.#values ?? [])].flatMap(spellings).sort((one, other) => other.length - one.length);
    for (const secret of secrets) {
      text = text.replaceAll(secret, "[secret]");
      // Where the text was cut, so may be what it says again.
      let length = Math.min(secret.length - 1, LONGEST_PART);
      while (length >= LEAST_PART && !text.endsWith(secret.slice(0, length))) length--;
      if (length >= LEAST_PART) text = `${text.slice(0, -length)}[secret]`;
    }
    return text;
  }
}

function decoded(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)));
  } catch {
    return "";
  }
}

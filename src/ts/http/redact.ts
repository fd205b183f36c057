/** Keeps what authorises a call out of whatever is shown. */
export class Secrets {
  #values: Set<string> | undefined;

  /** `given`: of the many headers of an SDK most are ordinary words. */
  constructor(private readonly given?: Headers) {}

  /** "Bearer abc" is a secret as a whole, and "abc" alone is one too; of Basic, also what it stands for. */
  add(value: string): void {
    const bare = value.slice(value.lastIndexOf(" ") + 1);
    const pair = /^basic /i.test(value) ? decoded(bare) : "";
    const colon = pair.indexOf(":");
    for (const secret of [value, bare, pair, pair.slice(0, Math.max(colon, 0)), pair.slice(colon + 1)]) {
      // Shorter ones would blank out ordinary words, and protect nobody.
      if (secret.length >= 4) (this.#values ??= new Set()).add(secret);
    }
  }

  /** A key may stand in the query of a URL. */
  addQuery(url: string): void {
    if (url.includes("?")) new URL(url).searchParams.forEach((value) => this.add(value));
  }

  /** A server's words as they may be shown. */
  blankOut(text: string): string {
    this.given?.forEach((value, name) => {
      if (/auth|key|token|cookie|secret|session|pass/.test(name)) this.add(value);
    });
    for (const secret of this.#values ?? []) text = text.replaceAll(secret, "[secret]");
    return text;
  }
}

function decoded(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return "";
  }
}

/** Keeps what authorises a call out of whatever is shown. */
export class Secrets {
  #values: Set<string> | undefined;

  /** `given`: of the many headers of an SDK most are ordinary words. */
  constructor(private readonly given?: Headers) {}

  /** "Bearer abc" is a secret as a whole, and "abc" alone is one too. */
  add(value: string): void {
    for (const secret of [value, value.slice(value.lastIndexOf(" ") + 1)]) {
      // Shorter ones would blank out ordinary words, and protect nobody.
      if (secret.length >= 4) (this.#values ??= new Set()).add(secret);
    }
  }

  /** A server's words as they may be shown. */
  blankOut(text: string): string {
    this.given?.forEach((value, name) => {
      if (/auth|key|token|cookie|secret/.test(name)) this.add(value);
    });
    for (const secret of this.#values ?? []) text = text.replaceAll(secret, "[secret]");
    return text;
  }
}

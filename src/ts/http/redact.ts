/** A shorter secret would blank out ordinary words and protect nobody. */
const LEAST = 4;
/** This many characters from the beginning of a secret are a secret too. It is longer than `Bearer `. */
const LEAST_PART = 8;
/** This many are one wherever they stand, because servers shorten what they repeat. */
const LEAST_CUT = 12;
const LEAST_SIGNED = 16;
const MOST_OF_SIGNED = 128;
/** The most spellings that are kept, enough for about five secrets. */
const MOST_SIGNED = 20;
const LONGEST_PART = 4096;

/** Headers of SDKs whose values are ordinary words. */
const ORDINARY =
  /^(accept(-(charset|encoding|language))?|content-(disposition|encoding|language|length|type)|user-agent|x-stainless-(arch|async|helper(-method)?|lang|os|package-version|(read-)?timeout|retry-count|runtime(-version)?))$/;

/** What text says in percent-encoding is one character of it, and what breaks a line or escapes a character is none. */
const ENCODED = /%[0-9a-f]{2}|[\r\n\\]/gi;
const byte = (one: string): string => (one[2] ? String.fromCharCode(Number(`0x${one.slice(1)}`)) : "");

/** A text as it is compared: as if it were encoded nowhere, in small letters, and with the alphabet of base64url. */
const plain = (text: string): string =>
  text.replace(ENCODED, byte).replace(/[A-Z+/]/g, (one) => (one === "+" ? "-" : one === "/" ? "_" : one.toLowerCase()));

/** Where the characters of a plain text begin and end in the text itself. */
const places = (text: string): [begin: number, end: number][] =>
  [...text.matchAll(/%[0-9a-f]{2}|[^\r\n\\]/gi)].map(({ 0: { length }, index }) => [index as number, (index as number) + length]);

/** One of these is in the base64 of every text that the secret is in: it depends on how many bytes come before. */
function inBase64(secret: string): string[] {
  if (secret.length < LEAST_PART) return [];
  const bytes = encodeURIComponent(secret).replace(ENCODED, byte);
  // Without the characters that hold bits of what is around it.
  return [0, 1, 2].map((nth) => btoa(" ".repeat(nth) + bytes).slice(nth && nth + 1, ((nth + bytes.length) * 4) / 3));
}

/** How servers write a value: unchanged, in a URL, in a form, in base64. */
const spellings = (secret: string): string[] => {
  const encoded = encodeURIComponent(secret);
  return [secret, encoded, encoded.replaceAll("%20", "+"), ...inBase64(secret)].map(plain).filter(({ length }) => length >= LEAST);
};

/** Blanks out the credentials of a call in everything that is shown. */
export class Secrets {
  #values: Set<string> | undefined;
  /** How what a server has signed begins, in each spelling. */
  readonly #signed = new Set<string>();

  /** `given`: the headers of an SDK. Some of them are ordinary words. */
  constructor(private readonly given?: Headers) {}

  /** "Bearer abc" is a secret as a whole, and "abc" alone is one too; so is what Basic stands for, and each of several cookies. */
  add(value: string): void {
    const parts = value.split(/[\s;,]+/);
    const cookies = value.includes("=") ? parts.map((part) => part.slice(part.indexOf("=") + 1).replace(/^"|"$/g, "")) : [];
    const pair = /^basic /i.test(value) ? decoded(parts[1] as string) : "";
    const colon = pair.indexOf(":");
    const credentials = colon < 0 ? [] : [pair, pair.slice(0, colon), pair.slice(colon + 1)];
    for (const secret of [value, parts.at(-1) as string, ...cookies, ...credentials]) {
      if (secret.length >= LEAST) (this.#values ??= new Set()).add(secret);
    }
  }

  /** A key may stand in the query of a URL, as it is written or as it is meant. */
  addQuery(url: string): void {
    const at = url.indexOf("?");
    if (at < 0) return;
    for (const pair of url.slice(at + 1).split(/[&#]/)) this.add(pair.slice(pair.indexOf("=") + 1));
    new URL(url).searchParams.forEach((value) => this.add(value));
  }

  /** The same of where a server redirects to, which may be signed: what is long, by its beginning, and not of as many as it likes. */
  addSigned(url: string): void {
    for (const value of new URL(url).searchParams.values()) {
      if (value.length < LEAST_SIGNED || this.#signed.size >= MOST_SIGNED) continue;
      // Not half of a character.
      const beginning = value.slice(0, MOST_OF_SIGNED).replace(/[\ud800-\udbff]$/, "");
      for (const one of spellings(beginning)) this.#signed.add(one);
    }
  }

  /** A server's words as they may be shown. One pass is enough, because a blank is never a secret itself. */
  blankOut(words: string): string {
    const text = unescaped(unescaped(words)); // of an upstream's words, in a page
    this.given?.forEach((value, name) => {
      if (!ORDINARY.test(name)) this.add(value);
    });
    const read = plain(text);
    let all: ReturnType<typeof places> | undefined;
    const found: [begin: number, end: number][] = [];
    /** What is read there is hidden, and what `more` finds behind it. */
    const hides = (begin: number, end: number, more = /^/): void => {
      all ??= places(text);
      const [, last] = all[end - 1] as [number, number];
      found.push([(all[begin] as [number, number])[0], last + (more.exec(text.slice(last)) as RegExpExecArray)[0].length]);
    };
    for (const secret of new Set([...(this.#values ?? [])].flatMap(spellings))) {
      for (let at = read.indexOf(secret); at >= 0; at = read.indexOf(secret, at + secret.length)) hides(at, at + secret.length);
      // The first words of several, and of a URL, protect nobody.
      const head = secret.slice(0, LEAST_CUT);
      for (let at = 0; secret.length > LEAST_CUT && !/\s|:_/.test(secret) && (at = read.indexOf(head, at)) >= 0;) {
        const begin = at;
        for (at += LEAST_CUT; at < read.length && read[at] === secret[at - begin];) at++;
        hides(begin, at);
      }
      // Where the text was cut, so may be what it says again.
      const beginning = secret.slice(0, LEAST_PART);
      if (secret.length <= LEAST_PART) continue;
      let at = read.indexOf(beginning, read.length - Math.min(secret.length - 1, LONGEST_PART));
      while (at >= 0 && !secret.startsWith(read.slice(at))) at = read.indexOf(beginning, at + 1);
      if (at >= 0) hides(at, read.length);
    }
    for (const beginning of this.#signed) {
      for (let at = 0; (at = read.indexOf(beginning, at)) >= 0;) hides(at, (at += beginning.length), /^[^\s"'<>&]*/);
    }
    let shown = "";
    let shownTo = 0;
    for (const [begin, end] of found.sort(([one], [other]) => one - other)) {
      if (begin >= shownTo) shown += `${text.slice(shownTo, begin)}[secret]`;
      shownTo = Math.max(shownTo, end);
    }
    return shown + text.slice(shownTo);
  }
}

const entities: Record<string, string> = { amp: "&", apos: "'", equals: "=", gt: ">", lt: "<", plus: "+", quot: '"', sol: "/" };

/** A page writes what it says again with entities, and JSON in a text with numbers of characters. */
const unescaped = (text: string): string =>
  text.replace(/&(?:#(x[0-9a-f]{1,5}|[0-9]{1,5})|([a-z]{2,6}));|\\u([0-9a-f]{4})/gi, (all, of: string | undefined, name: string, unit?: string) => {
    const number = unit ? `x${unit}` : of;
    const code = Number(/^x/i.test(number ?? "") ? `0${number}` : number);
    if (number) return code > 32 && !(code >= 127 && code < 160) ? String.fromCodePoint(code) : all;
    return Object.hasOwn(entities, name) ? (entities[name] as string) : all;
  });

function decoded(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)));
  } catch {
    return "";
  }
}

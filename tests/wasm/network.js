// What the test itself needs of the clock must not be counted as the shell's.
const { setTimeout } = globalThis;

/** The body of an answer, piece by piece, and what became of it. */
export class Body {
  pulls = 0;
  cancelled = false;

  /**
   * @param pieces one for each read
   * @param ending "close", "stall" or "error" after the last of them; "endless" repeats the first,
   *   though not for ever: who reads on must not hang the page
   * @param everyMs pause before each
   */
  constructor(pieces, ending, everyMs) {
    this.stream = new ReadableStream(
      {
        pull: async (controller) => {
          if (everyMs) await new Promise((resolve) => setTimeout(resolve, everyMs));
          if (this.cancelled) return;
          this.pulls += 1;
          const piece = ending === "endless" && this.pulls < 1000 ? pieces[0].slice() : pieces.shift();
          if (piece) controller.enqueue(piece);
          else if (ending === "stall") await new Promise(() => {});
          else if (ending === "error") controller.error(new TypeError("the connection was cut"));
          else controller.close();
        },
        cancel: () => {
          this.cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
  }
}

export const response = (status, headers, body) => new Response(body, { status, headers });

/** A real response with status 0, as a browser's opaque redirect is. */
export const opaque = () => Response.error();

/** In place of `fetch`: answers from a script, and keeps what it was asked. */
export class Script {
  requests = [];
  #answers = [];

  fetch = (url, init) => {
    this.requests.push({ url, ...init });
    const answer = this.#answers.shift();
    if (!answer) throw new Error(`request ${this.requests.length} is not in the script`);
    return answer(init);
  };

  answers(response) {
    this.#answers.push(async () => response);
  }

  rejects() {
    this.#answers.push(() => Promise.reject(new TypeError("refused")));
  }

  throws() {
    this.#answers.push(() => {
      throw new TypeError("no such thing");
    });
  }

  /** With what is no promise, as a page's replacement of fetch may. */
  answersAtOnce(response) {
    this.#answers.push(() => response);
  }

  /** Never, but rejects when its signal aborts, as fetch does. */
  stalls() {
    this.#answers.push(({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))));
  }
}

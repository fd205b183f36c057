// One streamed answer at a time: its text, how far the model has loaded, and how it ended.
import { useCallback, useEffect, useRef, useState } from "react";
import { type CallEvent, QueryError, streamWithRetry } from "query-with-retry";

export interface Answer {
  text: string;
  /** 0 to 1 while the model loads; the server's estimate is a guess, so it stops short of 1. */
  loading?: number;
  /** It is under way. */
  isBusy: boolean;
  error?: string;
}

/** What is taken for a load of which the server says nothing. */
const USUAL_LOAD_MS = 20_000;

export function useAnswer(url: string) {
  const [answer, setAnswer] = useState<Answer>({ text: "", isBusy: false });
  const current = useRef<AbortController>(undefined);

  const cancel = useCallback(() => current.current?.abort(), []);
  // Whoever leaves the page's part stops the generation.
  useEffect(() => cancel, [cancel]);

  const ask = useCallback(
    async (question: string) => {
      cancel();
      const own = new AbortController();
      current.current = own;
      const change = (next: (before: Answer) => Answer) => own === current.current && setAnswer(next);
      change(() => ({ text: "", isBusy: true }));

      let since = 0;
      let estimateMs = USUAL_LOAD_MS;
      let timer: ReturnType<typeof setInterval> | undefined;
      const onEvent = (event: CallEvent) => {
        if (event.type === "wait" && event.reason === "loading") {
          since ||= performance.now();
          estimateMs = event.estimatedMs ?? estimateMs;
          // Events are seconds apart: between them the bar runs by itself.
          timer ??= setInterval(() => {
            const loading = Math.min(0.99, (performance.now() - since) / estimateMs);
            change((before) => ({ ...before, loading }));
          }, 100);
        }
      };

      const payload = { model: "m", messages: [{ role: "user", content: question }] };
      try {
        for await (const piece of streamWithRetry(url, payload, { signal: own.signal, onEvent }).text()) {
          clearInterval(timer);
          change(({ text }) => ({ text: text + piece, isBusy: true }));
        }
        change(({ text }) => ({ text, isBusy: false }));
      } catch (error) {
        const why = error instanceof QueryError ? error.hint : String(error);
        change(({ text }) => ({ text, isBusy: false, error: own.signal.aborted ? "Cancelled." : why }));
      } finally {
        clearInterval(timer);
      }
    },
    [url, cancel],
  );

  return { answer, ask, cancel };
}

// What a small app does: one call. Bundlers take it with their stock settings.
import { queryWithRetry } from "query-with-retry";

queryWithRetry(globalThis.MODEL_URL, { inputs: "x" }).then(
  (data) => globalThis.REPORT({ data }),
  (error) => globalThis.REPORT({ error: String(error) }),
);

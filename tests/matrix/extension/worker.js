import { queryWithRetry } from "./node_modules/query-with-retry/dist/index.js";

globalThis.answer = (url) => queryWithRetry(url, { model: "m", messages: [{ role: "user", content: "Hi" }] });

// A Worker whose bundler did not know that it is one: it has the entry of browsers, and may not compile what is in it.
import { queryWithRetry } from "query-with-retry";

export default {
  async fetch(_, { MODEL_URL }) {
    const tell = ({ code, message }) => ({ code, message });
    return Response.json(await queryWithRetry(MODEL_URL, {}).then(() => "answered", tell));
  },
};

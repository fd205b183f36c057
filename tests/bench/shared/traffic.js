// The calls of one program, in Node or in a tab: each is made twice at the same time, by a client that shares and by one that does not.

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves with `[kind, began, ok]` of each call. They come at random, `everyMs` apart on average, for `forMs`. */
export async function traffic(createClient, coordinator, { urls, forMs, everyMs, totalMs }) {
  const options = { timeouts: { totalMs } };
  const clients = { alone: createClient(options), shared: createClient({ ...options, coordinator }) };
  const one = async (kind) => {
    const began = Date.now();
    const ok = await clients[kind].query(urls[kind], { inputs: "x" }).then(
      () => true,
      () => false,
    );
    return [kind, began, ok];
  };
  const calls = [];
  const end = Date.now() + forMs;
  for (;;) {
    await sleep(-Math.log(1 - Math.random()) * everyMs);
    if (Date.now() > end) return Promise.all(calls);
    calls.push(one("alone"), one("shared"));
  }
}

// What a server sees of many programs that share, beside the same calls by programs that do not.
import { setTimeout as sleep } from "node:timers/promises";
import { connectMock } from "../../package/cases/mock.js";
import { startMock } from "../../package/harness/mock-server.js";

const KINDS = ["alone", "shared"];

/** So many places, and half a second for each answer: a refusal where all are taken. */
const serves = (slots) => ({ cors: "open", slots, latencyMs: 500 });

/** The server of each scenario, from these times on. `share` is what comes, as a part of what it can do. */
const scenarios = (slots) => [
  {
    name: "a cold start of 25 s",
    share: 0.6,
    forMs: 60_000,
    totalMs: 60_000,
    steps: [[0, { ...serves(slots), cold: { ms: 25_000, says: 20 } }]],
    during: [0, 25_000],
  },
  {
    name: "20 s in which it can do half",
    share: 0.7,
    forMs: 80_000,
    totalMs: 30_000,
    steps: [
      [0, serves(slots)],
      [20_000, serves(slots / 2)],
      [40_000, serves(slots)],
    ],
    during: [20_000, 40_000],
  },
  {
    name: "60 s of failures",
    share: 0.6,
    forMs: 90_000,
    totalMs: 30_000,
    steps: [
      [0, { ...serves(slots), then: { status: 500 } }],
      [60_000, serves(slots)],
    ],
    during: [30_000, 60_000],
  },
];

const percent = (part, of) => `${((100 * part) / of).toFixed(1)} %`;

/** `run(given)` lets all programs make their calls and resolves with those of each. `slots` is what the server has room for. */
export async function measure({ programs, slots, run }) {
  const server = await startMock();
  const mock = connectMock({ mockUrl: server.mockUrl, prefix: "shared" });
  console.log("| | | requests a call, during it | in all | answered, of those that came during it | of all |\n| --- | --- | --- | --- | --- | --- |");
  try {
    for (const [nth, scenario] of scenarios(slots).entries())
      if ((process.env.ONLY ?? `${nth}`) === `${nth}`) console.log(await rows(mock, { nth, programs, slots, run, ...scenario }));
  } finally {
    await mock.close();
    await server.stop();
  }
}

async function rows(mock, { nth, name, share, forMs, totalMs, steps, during, programs, slots, run }) {
  const models = Object.fromEntries(KINDS.map((kind) => [kind, `${nth}-${kind}`]));
  const put = (scenario) => Promise.all(KINDS.map((kind) => mock.put(models[kind], scenario)));
  const counted = (kind) => mock.stats(models[kind]).then(({ requests }) => requests);
  const totals = { alone: 0, shared: 0 };
  const within = { alone: 0, shared: 0 };
  const [[, first], ...later] = steps;
  const [alone, shared] = await put(first);
  const everyMs = (1_000 * programs) / ((share * slots) / 0.5);
  const began = Date.now();
  const running = run({ urls: { alone, shared }, forMs, everyMs, totalMs });
  const at = (ms) => sleep(Math.max(0, began + ms - Date.now()));
  const look = async (ms, sign) => {
    await at(ms);
    for (const kind of KINDS) within[kind] += sign * (totals[kind] + (await counted(kind)));
  };
  const change = async ([ms, scenario]) => {
    await at(ms);
    for (const kind of KINDS) totals[kind] += await counted(kind);
    await put(scenario);
  };
  // A new scenario begins to count anew: what was counted so far is looked at before.
  const events = [
    ...later.map((step) => [step[0], 1, () => change(step)]),
    [during[0], 0, () => look(during[0], -1)],
    [during[1], 0, () => look(during[1], 1)],
  ];
  for (const [, , happens] of events.toSorted(([one, first], [other, second]) => one - other || first - second)) await happens();
  const calls = (await running).flat();
  for (const kind of KINDS) totals[kind] += await counted(kind);
  return KINDS.map((kind) => {
    const own = calls.filter(([whose]) => whose === kind);
    const then = own.filter(([, at]) => at >= began + during[0] && at < began + during[1]);
    const ok = (some) => some.filter(([, , isOk]) => isOk).length;
    const cells = [
      kind === "alone" ? name : "",
      kind === "alone" ? "each alone" : "**shared**",
      (within[kind] / then.length).toFixed(2),
      (totals[kind] / own.length).toFixed(2),
      percent(ok(then), then.length),
      percent(ok(own), own.length),
    ];
    return `| ${cells.join(" | ")} |`;
  }).join("\n");
}

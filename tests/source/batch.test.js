// The plan of a batch against a server that is a function: requests counted, no clock and no network.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import typescript from "typescript";

async function source(name) {
  const text = await readFile(new URL(`../../src/ts/batch/${name}.ts`, import.meta.url), "utf8");
  const compilerOptions = { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2022 };
  const { outputText } = typescript.transpileModule(text, { compilerOptions });
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`);
}
const { Plan } = await source("plan");
const { results } = await source("results");

/** Sends up to `atOnce` requests, ends the `pick`ed one of them, and goes on. */
function run(plan, total, takes, { atOnce = 8, pick = () => 0 } = {}) {
  const ends = Array.from({ length: total }, () => 0);
  const seen = { requests: 0, refused: 0, failed: [], mostAtOnce: 0 };
  const inFlight = [];
  for (;;) {
    for (let range; inFlight.length < atOnce && (range = plan.next());) {
      inFlight.push(range);
      seen.requests++;
    }
    seen.mostAtOnce = Math.max(seen.mostAtOnce, inFlight.length);
    if (!inFlight.length) break;
    const [range] = inFlight.splice(pick(inFlight.length), 1);
    const inputs = Array.from({ length: range.count }, (_, nth) => range.start + nth);
    if (takes(inputs)) plan.answered(range);
    else {
      seen.refused++;
      if (!plan.refused(range)) continue;
      seen.failed.push(range.start);
    }
    for (const input of inputs) ends[input]++;
  }
  assert.ok(plan.isDone, "requests are waiting that the plan never gives");
  assert.ok(
    ends.every((times) => times === 1),
    "each input ends once",
  );
  return seen;
}

const upTo = (most) => (inputs) => inputs.length <= most;
const without = (bad) => (inputs) => !inputs.includes(bad);

/** https://prng.di.unimi.it/: xorshift, so that a failing order can be run again. */
function random(seed) {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

for (const largest of [32, 256, 1000]) {
  test(`1,000 inputs from ${largest} a request: a server that takes 32 refuses at most 12, and none the second time`, () => {
    for (let seed = 0; seed < 200; seed++) {
      const options = { atOnce: 1 + (seed % 16), pick: random(seed) };
      const first = new Plan(1000, largest);
      const seen = run(first, 1000, upTo(32), options);
      assert.ok(seen.refused <= 12, `${seen.refused} refused, seed ${seed}`);
      assert.deepEqual(seen.failed, []);
      const second = run(new Plan(1000, first.worked, first.worked), 1000, upTo(32), options);
      assert.equal(second.refused, 0, `seed ${seed}`);
    }
  });
}

test("one poisoned input among 256 costs at most 16 extra requests, wherever it is, and fails alone", () => {
  for (const [largest, plain] of [
    [256, 1],
    [32, 8],
  ]) {
    for (let bad = 0; bad < 256; bad++) {
      const plan = new Plan(256, largest);
      const seen = run(plan, 256, without(bad), { pick: random(bad) });
      assert.deepEqual(seen.failed, [bad]);
      assert.ok(seen.requests <= plain + 16, `${seen.requests} requests, input ${bad} of ${largest}`);
      assert.equal(plan.size, largest, "the size is not to blame");
    }
  }
});

test("a small limit and poisoned inputs together: only the poisoned fail, in every order of answers", () => {
  for (let seed = 0; seed < 300; seed++) {
    const pick = random(seed);
    const bad = new Set([pick(500), pick(500), pick(500)]);
    const takes = (inputs) => inputs.length <= 20 && !inputs.some((input) => bad.has(input));
    const { failed } = run(new Plan(500, 256), 500, takes, { pick, atOnce: 1 + pick(12) });
    assert.deepEqual(
      failed.toSorted((a, b) => a - b),
      [...bad].toSorted((a, b) => a - b),
    );
  }
});

test("a size that worked fills every place that the limiter has", () => {
  assert.equal(run(new Plan(2000, 32, 32), 2000, upTo(32), { atOnce: 16 }).mostAtOnce, 16);
});

test("a target that fails as a whole costs what was in flight, and the rest is given back unsent", () => {
  const plan = new Plan(1000, 32);
  const sent = [];
  for (let range; (range = plan.next());) sent.push(range);
  const rest = plan.rest();
  for (const range of sent) plan.failed(range);
  assert.ok(plan.isDone && sent.length <= 4);
  assert.equal(
    [...sent, ...rest].reduce((sum, { count }) => sum + count, 0),
    1000,
  );
});

test("inputs all over the batch that are refused alone in the same words are the target's failure, and other words are not", () => {
  const refuseAll = (words) => {
    const plan = new Plan(1000, 32);
    const alone = [];
    for (let range; !plan.isHopeless && alone.length < 40 && (range = plan.next());) {
      if (plan.refused(range, words(range))) alone.push(range.start);
    }
    return { plan, alone };
  };
  const { plan, alone } = refuseAll(() => "no such parameter");
  assert.ok(plan.isHopeless);
  assert.ok(alone.length <= 10 && Math.max(...alone) - Math.min(...alone) > 500, `${alone}`);
  assert.equal(refuseAll(({ start }) => `input ${start} is too long`).plan.isHopeless, false);
});

test("one input that is answered ends the doubt about the target, and every good input is answered", () => {
  const { failed } = run(new Plan(1000, 32), 1000, (inputs) => inputs.every((input) => input >= 200));
  assert.deepEqual(
    failed.toSorted((a, b) => a - b),
    Array.from({ length: 200 }, (_, at) => at),
  );
});

test("a size that used to work and works no more is left after two refusals that no input explains", () => {
  const plan = new Plan(2000, 32, 32);
  const { refused, requests } = run(plan, 2000, upTo(16), { atOnce: 1 });
  assert.ok(refused <= 3, `${refused}`);
  assert.equal(requests - refused, 125);
  assert.deepEqual([plan.worked, plan.isLimited], [16, true]);
});

test("100,000 inputs end once each, and no input at all is a plan that is done", () => {
  assert.equal(run(new Plan(100_000, 32), 100_000, upTo(32)).requests, 3125);
  assert.ok(new Plan(0, 32).isDone);
  assert.equal(new Plan(0, 32).next(), undefined);
});

test("results of embeddings are placed by their index", () => {
  const data = [
    { index: 1, embedding: [1] },
    { index: 0, embedding: [0] },
  ];
  assert.deepEqual(results({ data }, 2), [[0], [1]]);
});

test("an answer that leaves open whose a result is gives a sentence and no result", () => {
  const hostile = [[], [1], [1, 2, 3], null, undefined, "text", 7, {}, { data: 1 }, { data: [null, null] }, { data: [{ index: 0 }] }];
  for (const [one, other] of [
    [0, 0],
    [0, 2],
    [-1, 0],
    [0.5, 0],
    ["0", 1],
    [NaN, 0],
  ]) {
    hostile.push({ data: [{ index: one }, { index: other }] });
  }
  for (const answer of hostile) assert.equal(typeof results(answer, 2), "string", JSON.stringify(answer));
});

/** How many inputs each target was found to take, for the clients that found it out. */

import type { ClientContext } from "../call/context.js";
import type { Plan } from "./plan.js";

/** Until a target has been asked for more. */
const AT_FIRST = 32;
/** In ms: memory that was short for a moment is there again, and servers are started with other limits. */
const GOOD_FOR = 3_600_000;
/** As many as a client keeps targets. */
const MOST = 200;

interface Size {
  worked: number;
  /** Since then a larger size is known to be refused. */
  limitedAt: number;
}

const known = new WeakMap<ClientContext, Map<string, Size>>();

/** The largest size to begin with, and the largest that was answered before. */
export function begin(context: ClientContext, target: string, most: number | undefined): [largest: number, worked: number] {
  const { worked = 0, limitedAt = -Infinity } = known.get(context)?.get(target) ?? {};
  if (performance.now() - limitedAt < GOOD_FOR) return [Math.min(most ?? Infinity, Math.max(1, worked)), worked];
  return [most ?? Math.max(AT_FIRST, worked), worked];
}

/** What a plan has found out. */
export function learn(context: ClientContext, target: string, { worked, isLimited }: Plan): void {
  const sizes = known.get(context) ?? new Map<string, Size>();
  const before = sizes.get(target);
  // A limit is lower than what had worked before, and what works beside it is no higher.
  const size = isLimited
    ? { worked, limitedAt: performance.now() }
    : { worked: Math.max(worked, before?.worked ?? 0), limitedAt: before?.limitedAt ?? -Infinity };
  sizes.delete(target);
  known.set(context, sizes.set(target, size));
  for (const [oldest] of sizes) if (sizes.size > MOST) sizes.delete(oldest);
}

// What the end of a stream has beside that of any call: its pace, and what is kept of a broken one.

import { code, element } from "./elements.js";
import { count, duration, rate } from "./words.js";

export function streamFacts(trace, stream) {
  if (!stream) return [];
  return [
    ["Time to first token", timeToFirstToken(trace)],
    ["Tokens", `${stream.pace.tokens}, counted as pieces of text`],
    ["Tokens a second", rate(stream.pace.perSecond)],
  ];
}

/** It counts from the call; what of it the model is to blame for began with the last attempt. */
function timeToFirstToken({ firstTokenMs, attempts }) {
  if (firstTokenMs === undefined) return "none came";
  if (attempts.length === 1) return duration(firstTokenMs);
  return `${duration(firstTokenMs)}, ${duration(firstTokenMs - attempts.at(-1).startMs)} of it in the last attempt`;
}

/** The text that the error has, marked for what it is. */
export function kept(partial = "", stream) {
  if (!partial && !stream?.text) return [];
  const verdict = partial === stream.text ? "exactly what was shown" : "not what was shown: please report this";
  const tag = element("strong", "tag", "Incomplete");
  const caption = element("figcaption", "", tag, " Kept in ", code("error.partial"), `: ${count(stream.pace.tokens, "token")}, ${verdict}.`);
  return [element("figure", "kept", caption, element("blockquote", "", partial))];
}

// What was measured, as a table for the README.
import { examples, installed, sdks } from "./programs.js";

const among = (numbers, digits) => {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)].map((number) => number.toFixed(digits));
  return least === most ? most : `${least} to ${most}`;
};
const counted = (count) => `${count} request${count === "1" ? "" : "s"}`;

function said({ outcome, words, error }) {
  if (outcome === "failed") return `\`${error?.queryError ?? error?.name}\``;
  if (outcome === "truncated") return `**reported as whole**, with ${words} of its words`;
  return outcome === "hung" ? "**hangs**" : "answered";
}

const cell = (runs) => {
  const distinct = [...new Set(runs.map(said))].join(" or ");
  return `${distinct}; ${counted(among(runs.map(({ requests }) => requests)))}, ${among(
    runs.map(({ seconds }) => seconds),
    1,
  )} s`;
};

/** `rows`: of each scenario its title, and the runs by example, alone and with the line. */
export async function table(rows) {
  const names = await Promise.all(examples.map(async (example) => `${sdks[example]} ${(await installed(sdks[example])).version}`));
  const lines = [["", ...names, "any of them with `fetch: client.fetch`"], Array(names.length + 2).fill("---")];
  for (const { title, alone, own } of rows)
    lines.push([title, ...examples.map((example) => cell([alone[example]])), cell(examples.map((example) => own[example]))]);
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

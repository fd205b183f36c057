/** The JSON of an object without its member `model`, and otherwise as it was written: numbers may be longer than ours. */
export function withoutModel(json: string): string {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/gs;
  let rest = "";
  let [depth, keptTo, memberFrom, isModel, isKey] = [0, 0, 0, false, false];
  const leave = (to: number) => {
    if (!isModel) return;
    rest += json.slice(keptTo, memberFrom);
    keptTo = to;
    isModel = false;
  };
  for (let token = tokens.exec(json); token; token = tokens.exec(json)) {
    const { index, 0: text } = token;
    if (text === "{" || text === "[") {
      if (++depth === 1) [memberFrom, isKey] = [index + 1, true];
    } else if (text === "}" || text === "]") {
      if (depth-- === 1) leave(index);
    } else if (depth !== 1) {
      continue;
    } else if (text === ",") {
      // With the comma behind it; the last one leaves the comma before it.
      leave(index + 1);
      [memberFrom, isKey] = [index + 1, true];
    } else if (isKey) {
      [isModel, isKey] = [JSON.parse(text) === "model", false];
    }
  }
  return (rest + json.slice(keptTo)).replace(/,\s*}\s*$/, "}").trim();
}

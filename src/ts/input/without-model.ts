/** Where the JSON string ends that begins at `begin`. No regular expression, because it would put each escape on a stack. */
function endOfText(json: string, begin: number): number {
  for (let at = begin + 1; ; at++) {
    at = json.indexOf('"', at);
    let escapes = 0;
    while (json[at - 1 - escapes] === "\\") escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
}

/** Removes the member `model` from the JSON of an object. The rest stays as written, because its numbers may have more digits than JavaScript keeps. */
export function withoutModel(json: string): string {
  const marks = /["{}[\]:,]/g;
  let rest = "";
  let [depth, keptTo, memberFrom, isModel, isKey] = [0, 0, 0, false, false];
  const leave = (to: number) => {
    if (!isModel) return;
    rest += json.slice(keptTo, memberFrom);
    keptTo = to;
    isModel = false;
  };
  for (let mark = marks.exec(json); mark; mark = marks.exec(json)) {
    const { index, 0: sign } = mark;
    if (sign === '"') {
      marks.lastIndex = endOfText(json, index);
      if (depth === 1 && isKey) [isModel, isKey] = [JSON.parse(json.slice(index, marks.lastIndex)) === "model", false];
    } else if (sign === "{" || sign === "[") {
      if (++depth === 1) [memberFrom, isKey] = [index + 1, true];
    } else if (sign === "}" || sign === "]") {
      if (depth-- === 1) leave(index);
    } else if (sign === "," && depth === 1) {
      // The comma behind the member goes too. If the member is the last one, the comma before it stays, and is removed below.
      leave(index + 1);
      [memberFrom, isKey] = [index + 1, true];
    }
  }
  return (rest + json.slice(keptTo)).replace(/,\s*}\s*$/, "}").trim();
}

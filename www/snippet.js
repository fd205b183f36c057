// The code of a call, as a program would write it, from the very values that the page calls with.

export function callCode(call) {
  const { token } = call.options;
  const lines = [
    `import { ${call.stream ? "QueryError, streamWithRetry" : "queryWithReport"} } from "query-with-retry";`,
    "",
    // The page never prints the token that was typed.
    ...(token ? ['const token = "…"; // yours'] : []),
    "const controller = new AbortController(); // controller.abort() cancels",
    "",
    ...(call.stream ? streamed(call) : answered(call)),
  ];
  return lines.join("\n");
}

function answered(call) {
  return ["const { data, report } = await queryWithReport(", ...given(call), ");", "console.log(data, report.attempts);"];
}

function streamed(call) {
  return [
    "const stream = streamWithRetry(",
    ...given(call),
    ");",
    "try {",
    "  for await (const piece of stream.text()) console.log(piece);",
    "  console.log(await stream.report);",
    "} catch (error) {",
    "  if (!(error instanceof QueryError)) throw error;",
    "  console.error(error.code, error.partial); // what was kept of a broken stream",
    "}",
  ];
}

/** The arguments of the call. */
function given({ target, payload, options }) {
  const { token, ...rest } = options;
  const fields = [
    ...(token ? ["token,"] : []),
    ...Object.entries(rest).map(([name, value]) => `${name}: ${literal(value, 4)},`),
    "signal: controller.signal,",
    "onEvent: (event) => console.log(event),",
  ];
  return [`  ${literal(target, 2)},`, `  ${literal(payload, 2)},`, "  {", ...fields.map((field) => `    ${field}`), "  },"];
}

/** The request that sets up the mock model. */
export function mockCode({ key, mock }) {
  return `PUT /_mock/${key}\ncontent-type: application/json\n\n${JSON.stringify(mock, null, 2)}`;
}

/** A value as a JavaScript literal: names unquoted where they may be, short things on one line. */
function literal(value, indent) {
  if (typeof value === "string") return quoted(value, indent);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = Array.isArray(value)
    ? value.map((item) => literal(item, indent + 2))
    : Object.entries(value).map(([name, item]) => `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)}: ${literal(item, indent + 2)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const space = Array.isArray(value) ? "" : " ";
  const short = `${open}${space}${inner.join(", ")}${space}${close}`;
  if (short.length + indent <= 64 && !short.includes("\n")) return short;
  const pad = " ".repeat(indent + 2);
  return `${open}\n${inner.map((line) => `${pad}${line},\n`).join("")}${" ".repeat(indent)}${close}`;
}

/** A long text is cut between words, a line each. */
function quoted(text, indent) {
  const lines = text.match(/.{1,64}(?:\s|$)|\s*\S+\s?/gsu) ?? [""];
  if (lines.length === 1 || !text.includes(" ")) return JSON.stringify(text);
  const pad = `\n${" ".repeat(indent + 2)}`;
  return pad + lines.map((line) => JSON.stringify(line)).join(` +${pad}`);
}

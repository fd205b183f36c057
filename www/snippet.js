// The code of a call, as a program would write it, from the very values that the page calls with.

export function callCode({ target, payload, options }) {
  const { token, ...rest } = options;
  const lines = ['import { queryWithReport } from "query-with-retry";', ""];
  // The page never prints the token that was typed.
  if (token) lines.push('const token = "…"; // yours');
  lines.push("const controller = new AbortController(); // controller.abort() cancels", "");
  const fields = [
    ...(token ? ["token,"] : []),
    ...Object.entries(rest).map(([name, value]) => `${name}: ${literal(value, 2)},`),
    "signal: controller.signal,",
    "onEvent: (event) => console.log(event),",
  ];
  lines.push(
    "const { data, report } = await queryWithReport(",
    `  ${literal(target, 2)},`,
    `  ${literal(payload, 2)},`,
    "  {",
    ...fields.map((field) => `    ${field}`),
    "  },",
    ");",
    "console.log(data, report.attempts);",
  );
  return lines.join("\n");
}

/** The request that sets up the mock model. */
export function mockCode({ key, mock }) {
  return `PUT /_mock/${key}\ncontent-type: application/json\n\n${JSON.stringify(mock, null, 2)}`;
}

/** A value as a JavaScript literal: names unquoted where they may be, short things on one line. */
function literal(value, indent) {
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


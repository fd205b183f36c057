// The few kinds of elements that the page builds.

export function element(name, className, ...children) {
  const node = document.createElement(name);
  node.className = className;
  node.append(...children);
  return node;
}

export function paragraph(className, text) {
  return element("p", className, text);
}

export function code(text) {
  return element("code", "", text);
}

/** A list of terms; one without a value is left out. */
export function facts(entries) {
  const known = entries.filter(([, value]) => value !== undefined && value !== "");
  return element("dl", "facts", ...known.flatMap(([term, value]) => pair(term, value)));
}

export function pair(term, value) {
  return [element("dt", "", term), element("dd", "", ...[value].flat())];
}

/** Something long, folded away. */
export function raw(title, text) {
  const pre = element("pre", "", text);
  pre.tabIndex = 0;
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", title);
  return element("details", "", element("summary", "", title), pre);
}

/** Writing the same text again would still disturb a selection in it. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// The visitor's own server: the fields of the form to a call.
//
// None of the fields has a name, and the page's policy forbids native form submission: a token can
// not end up in the address even when the scripts fail.

const field = (id) => document.getElementById(id);

export function isUrl(text) {
  return /^https?:\/\//i.test(text);
}

/** Tells the browser what is wrong with the target; an empty string means nothing is. */
export function checkTarget(text) {
  if (!text) return "";
  if (isUrl(text)) {
    if (!URL.canParse(text)) return "This is not a complete URL.";
    const { protocol, hostname, username, password } = new URL(text);
    if (username || password) return "Put the token in its own field, not in the URL.";
    const local = hostname === "127.0.0.1" || hostname === "localhost";
    if (protocol === "http:" && !local) return "Use https. Plain http is allowed for 127.0.0.1 and localhost only.";
    return "";
  }
  return /^[\w.-]+(\/[\w.-]+)?(:[\w.-]+)?$/.test(text) ? "" : "Write a model id, such as org/name, or a URL.";
}

export function watchOwnFields(onChange) {
  const target = field("own-target");
  const update = () => {
    const text = target.value.trim();
    target.setCustomValidity(checkTarget(text));
    field("own-stream-row").hidden = field("own-body").value !== "messages";
    field("own-model-row").hidden = !(isUrl(text) && field("own-body").value === "messages");
    onChange();
  };
  for (const id of ["own-target", "own-token", "own-body", "own-stream", "own-model", "own-prompt"]) {
    field(id).addEventListener("input", update);
  }
  // A page kept in the back-forward cache would keep the token with it.
  window.addEventListener("pagehide", () => {
    field("own-token").value = "";
  });
}

export function ownCall() {
  const target = field("own-target").value.trim();
  const token = field("own-token").value.trim();
  const prompt = field("own-prompt").value;
  const model = field("own-model").value.trim();
  const messages = field("own-body").value === "messages";
  const named = messages && isUrl(target) && model ? { model } : {};
  return {
    target: target || "org/name",
    payload: messages ? { ...named, messages: [{ role: "user", content: prompt }] } : { inputs: prompt },
    options: token ? { token } : {},
    stream: messages && field("own-stream").checked,
  };
}

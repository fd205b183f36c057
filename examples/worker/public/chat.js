// The page: asks the gateway, and shows the words as they come.
const form = document.querySelector("form");
const [ask, cancel] = document.querySelectorAll("button");
const [status, problem] = document.querySelectorAll("[role]");
const answer = document.querySelector("output");

/** The texts in the events of a stream. */
async function* texts(body) {
  let rest = "";
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const lines = (rest + piece.value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: {")) yield JSON.parse(line.slice(6)).choices[0]?.delta?.content ?? "";
    }
  }
}

async function answers(question, signal) {
  const body = JSON.stringify({ stream: true, messages: [{ role: "user", content: question }] });
  const response = await fetch("/chat", { method: "POST", headers: { "content-type": "application/json" }, body, signal });
  if (!response.ok) {
    const { error } = await response.json().catch(() => ({}));
    throw new Error(error?.message ?? `The gateway answered ${response.status}.`);
  }
  for await (const text of texts(response.body)) {
    status.textContent = "Answering…";
    answer.append(text);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const aborted = new AbortController();
  cancel.addEventListener("click", () => aborted.abort(), { once: true });
  [ask.disabled, cancel.disabled] = [true, false];
  answer.textContent = problem.textContent = "";
  status.textContent = "Asking…";
  // The gateway waits for a cold start without a word.
  const waits = setTimeout(() => (status.textContent = "The model may be starting, which takes a few minutes."), 3_000);
  try {
    await answers(new FormData(form).get("question"), aborted.signal);
    status.textContent = "Answered.";
  } catch (error) {
    status.textContent = "";
    problem.textContent = aborted.signal.aborted ? "Cancelled." : error.message;
  } finally {
    clearTimeout(waits);
    [ask.disabled, cancel.disabled] = [false, true];
  }
});

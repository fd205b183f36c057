import { type FormEvent, useState } from "react";
import { useAnswer } from "./use-answer.js";

export function Chat({ url }: { url: string }) {
  const { answer, ask, cancel } = useAnswer(url);
  const [question, setQuestion] = useState("Name three rivers.");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void ask(question);
  };

  return (
    <form onSubmit={submit}>
      <label>
        Question <input value={question} onChange={(event) => setQuestion(event.target.value)} />
      </label>
      <button disabled={answer.isBusy}>Ask</button>
      <button type="button" onClick={cancel} disabled={!answer.isBusy}>
        Cancel
      </button>
      {answer.loading !== undefined && (
        <p>
          The model is loading <progress value={answer.loading} aria-label="The model is loading" />
        </p>
      )}
      <p role="status">{answer.text}</p>
      {answer.error && <p role="alert">{answer.error}</p>}
    </form>
  );
}

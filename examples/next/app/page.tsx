"use client";

import { type FormEvent, useState } from "react";
import { QueryError, streamWithRetry } from "query-with-retry";

export default function Page() {
  const [text, setText] = useState("");
  const [waits, setWaits] = useState(false);

  async function ask(event: FormEvent) {
    event.preventDefault();
    setText("");
    const payload = { model: "meta-llama/Llama-3.1-8B-Instruct", messages: [{ role: "user", content: "Name three rivers." }] };
    const url = new URL("/api/chat", location.href);
    try {
      setWaits(true);
      for await (const piece of streamWithRetry(url, payload).text()) {
        setWaits(false);
        setText((before) => before + piece);
      }
    } catch (error) {
      setText(error instanceof QueryError ? error.hint : String(error));
    } finally {
      setWaits(false);
    }
  }

  return (
    <form onSubmit={ask}>
      <button disabled={waits}>Ask</button>
      <p role="status">{waits ? "Waiting for the model …" : text}</p>
    </form>
  );
}

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Chat } from "./chat.js";

// A page must not hold a key: this is a server that does, such as examples/node-proxy or examples/worker.
const url = new URLSearchParams(location.search).get("url") ?? "http://127.0.0.1:8080/";

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <Chat url={url} />
  </StrictMode>,
);

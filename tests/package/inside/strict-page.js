// A page under a content security policy: one call, and what came of it.
const query = new URLSearchParams(location.search);

let said;
try {
  const { queryWithRetry } = await import(query.get("entry"));
  await queryWithRetry(query.get("model"), {});
  said = "answered";
} catch (error) {
  said = error.message;
}
await fetch("/said", { method: "POST", body: JSON.stringify({ said }) });

// Makes a call, as the code on the page shows it.

/** Gives the answer with its report; of a stream each piece of text as it comes, then the report. */
export async function ask(library, { stream, target, payload, options }, { signal, onEvent, onPiece }) {
  if (!stream) return library.queryWithReport(target, payload, { ...options, signal, onEvent });
  const answer = library.streamWithRetry(target, payload, { ...options, signal, onEvent });
  for await (const piece of answer.text()) onPiece(piece);
  return { report: await answer.report };
}

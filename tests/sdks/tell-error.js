// Preloaded into the examples: says on stderr, as JSON, what error ended the program. Changes nothing.
import { writeSync } from "node:fs";

process.on("uncaughtExceptionMonitor", (error) => {
  const name = error?.name === "Error" ? error.constructor.name : error?.name;
  // AI SDK and openai wrap what a fetch or a body throws.
  const own = [error, error?.cause].find((error) => error?.name === "QueryError");
  writeSync(2, `\nended by ${JSON.stringify({ name, message: error?.message, queryError: own?.code })}\n`);
});

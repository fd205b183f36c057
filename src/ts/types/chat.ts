/**
 * What chat/completions routes take and answer, as far as callers mostly read it.
 */

/**
 * A payload with `messages`, as chat routes take it. Its answer is taken to be a {@link ChatCompletion}: say what it is
 * where another kind of server is asked, `queryWithRetry<Other>(…)`.
 */
export interface ChatPayload {
  messages: readonly any[];
  [member: string]: any;
}

/** What chat/completions routes answer. Servers add members of their own, and leave some of these out. */
export interface ChatCompletion {
  id?: string;
  model?: string;
  choices: ChatChoice[];
  usage?: ChatUsage | null;
  [member: string]: any;
}

/** One of the answers; there is one unless the payload asks for more by `n`. */
export interface ChatChoice {
  index: number;
  message: ChatMessage;
  /** "stop", "length", "tool_calls", "content_filter", or a server's own. */
  finish_reason: string | null;
  [member: string]: any;
}

/** What was said, by whom. */
export interface ChatMessage {
  role: string;
  /** Null where there are tool calls instead. */
  content: string | null;
  tool_calls?: ChatToolCall[] | null;
  [member: string]: any;
}

/** A tool that the model wants to be called. */
export interface ChatToolCall {
  id: string;
  type: string;
  function: { name: string; /** JSON, as the model wrote it. */ arguments: string };
  [member: string]: any;
}

/** In tokens. */
export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  [member: string]: any;
}

/** One event of a streamed chat. */
export interface ChatCompletionChunk {
  id?: string;
  model?: string;
  /** Empty in the last one where that tells the `usage`. */
  choices: ChatChunkChoice[];
  usage?: ChatUsage | null;
  [member: string]: any;
}

/** A piece of one of several answers. */
export interface ChatChunkChoice {
  index: number;
  delta: ChatDelta;
  finish_reason?: string | null;
  [member: string]: any;
}

/** What a chunk adds. */
export interface ChatDelta {
  role?: string;
  content?: string | null;
  /** In pieces: those of one `index` belong together. */
  tool_calls?: { index: number; id?: string; type?: string; function?: { name?: string; arguments?: string } }[];
  [member: string]: any;
}

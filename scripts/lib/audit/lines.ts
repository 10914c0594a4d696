/**
 * A stream of bytes as lines. Not `node:readline`, which also ends a line at U+2028 and U+2029: both may stand in JSON as
 * they are. Memory is bounded by the longest line that is allowed.
 */

/** An export's lines are a few kilobytes; what is longer than this is no export. */
const LINE_LENGTH_MAX = 8_000_000;

export class NotLinesError extends Error {
  override readonly name = "NotLinesError";
}

/**
 * The lines that each chunk completes, without their newlines: together, because a step of a generator for each line would
 * cost as much as looking at it. Throws `NotLinesError` for what is not UTF-8, and for a line without end.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decode(decoder, chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_LENGTH_MAX) throw new NotLinesError(`a line is longer than ${LINE_LENGTH_MAX} characters`);
    yield lines;
  }
  rest += decode(decoder);
  if (rest !== "") yield [rest];
}

/** What is left over is decoded without a chunk: an end in the middle of a character is found then. */
function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new NotLinesError("the file is not UTF-8", { cause });
  }
}

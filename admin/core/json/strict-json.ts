/**
 * JSON as the API accepts it: what RFC 8259 allows, less what two readers may understand differently. Nesting is
 * bounded before anything is built; duplicate keys, `__proto__`, numbers beyond a double and lone surrogates are
 * refused with the place where they are.
 */
import { jsonPointer } from "../../../config/findings.ts";
import { err, ok, type Result } from "../../../config/result.ts";

export type JsonFault = {
  readonly code: "syntax" | "tooDeep" | "duplicateKey" | "forbiddenKey" | "numberTooLarge" | "loneSurrogate";
  readonly pointer: string;
  readonly detail: string;
};

/** Deeper levels: the keys seen so far of an object, or the index of an array. */
type Level = { readonly keys: Set<string>; key: string } | { readonly keys: undefined; index: number };

const PLAIN_TOKEN = /-?[0-9][0-9.eE+-]*|["[\]{},]/g;
const KEY_END = /\s*:/y;

export function parseStrictJson(text: string, depthMax: number): Result<unknown, JsonFault> {
  const fault = findFault(text, depthMax);
  if (fault !== undefined) return err(fault);
  try {
    return ok(JSON.parse(text));
  } catch {
    // The engine's message quotes the input; it says nothing that a caller with the body in hand needs.
    return err({ code: "syntax", pointer: "", detail: "The body is not well-formed JSON." });
  }
}

/** Walks the tokens without building anything. Text that is no JSON at all is left for the parser to refuse. */
function findFault(text: string, depthMax: number): JsonFault | undefined {
  const levels: Level[] = [];
  for (const { token, index } of tokensOf(text)) {
    const fault = step(token, isKey(text, token, index, levels), levels, depthMax);
    if (fault !== undefined) return { ...fault, pointer: pointerOf(levels) };
  }
  return undefined;
}

type Token = { readonly token: string; readonly index: number };

/**
 * Strings, numbers and brackets in order. Strings are found with `indexOf`, not with a pattern: one that backtracks
 * would need time in the square of the length for a text like `"\"\"\"...` that never ends.
 */
function* tokensOf(text: string): Generator<Token> {
  PLAIN_TOKEN.lastIndex = 0;
  for (let match = PLAIN_TOKEN.exec(text); match !== null; match = PLAIN_TOKEN.exec(text)) {
    const { 0: start, index } = match;
    if (start !== '"') {
      yield { token: start, index };
      PLAIN_TOKEN.lastIndex = index + start.length;
      continue;
    }
    const end = endOfString(text, index);
    if (end === undefined) return;
    yield { token: text.slice(index, end), index };
    PLAIN_TOKEN.lastIndex = end;
  }
}

/** One past the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number | undefined {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return undefined;
}

type Found = Pick<JsonFault, "code" | "detail">;

function step(token: string, key: boolean, levels: Level[], depthMax: number): Found | undefined {
  switch (token[0]) {
    case "{":
    case "[":
      if (levels.length >= depthMax) return { code: "tooDeep", detail: `Nesting is deeper than ${depthMax} levels.` };
      levels.push(token === "{" ? { keys: new Set(), key: "" } : { keys: undefined, index: 0 });
      return undefined;
    case "}":
    case "]":
      levels.pop();
      return undefined;
    case ",": {
      const level = levels.at(-1);
      if (level !== undefined && level.keys === undefined) level.index += 1;
      return undefined;
    }
    case '"':
      return stringFault(token, key, levels);
    default:
      return Number.isFinite(Number(token)) || Number.isNaN(Number(token))
        ? undefined
        : { code: "numberTooLarge", detail: "A number is beyond what a double can hold." };
  }
}

function isKey(text: string, token: string, index: number, levels: readonly Level[]): boolean {
  if (token[0] !== '"' || levels.at(-1)?.keys === undefined) return false;
  KEY_END.lastIndex = index + token.length;
  return KEY_END.test(text);
}

function stringFault(token: string, key: boolean, levels: readonly Level[]): Found | undefined {
  const value = token.includes("\\") ? unquote(token) : token.slice(1, -1);
  if (value === undefined) return undefined;
  if (/\p{Surrogate}/u.test(value))
    return { code: "loneSurrogate", detail: "A string holds half of a surrogate pair, which is no character." };
  const level = levels.at(-1);
  if (!key || level?.keys === undefined) return undefined;
  level.key = value;
  if (value === "__proto__") return { code: "forbiddenKey", detail: "The key __proto__ is not accepted." };
  if (level.keys.has(value)) return { code: "duplicateKey", detail: "A key appears twice in the same object." };
  level.keys.add(value);
  return undefined;
}

/** Undefined when the escapes are wrong: then the parser refuses the text anyway. */
function unquote(token: string): string | undefined {
  try {
    return String(JSON.parse(token));
  } catch {
    return undefined;
  }
}

function pointerOf(levels: readonly Level[]): string {
  return jsonPointer(levels.map((level) => (level.keys === undefined ? level.index : level.key)));
}

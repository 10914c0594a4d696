/**
 * What is wrong with an exchange, by what the contract proxy said when it was replayed. The API must never answer what
 * its description does not say, may take only what the description allows, and may refuse the rest with 4xx.
 */
import { isDeepStrictEqual } from "node:util";
import { type Exchange, type ExchangeAnswer, type ExchangeRequest, headerOf, isJson } from "./exchange.ts";

export type Violation = {
  /** `["response", "body", "revision"]`. */
  readonly location: readonly string[];
  readonly message: string;
  readonly code?: string | number | undefined;
};

export type Replay = {
  /** Prism passed the request on and the answer back, and said all that it found; else it could not read the request. */
  readonly relayed: boolean;
  readonly answer: ExchangeAnswer;
  readonly violations: readonly Violation[];
};

/** What is not replayed, and why. */
const BYPASSES: readonly { readonly why: string; readonly of: (request: ExchangeRequest) => boolean }[] = [
  {
    why: "HEAD is GET without the body (RFC 9110 §9.3.2); descriptions name GET and mean both, Prism does not know that",
    of: ({ method }) => method === "HEAD",
  },
  {
    why: "development routes are not part of the API: the description leaves them out on purpose",
    of: ({ target }) => target.startsWith("/v1/development/"),
  },
];

/** What Prism objects to in a request and the API is right to take. */
const LENIENCES: readonly {
  readonly why: string;
  readonly of: (violation: Violation, request: ExchangeRequest) => boolean;
}[] = [
  {
    why: "the scheme may be written in any case (RFC 9110 §11.1); Prism knows `Bearer` only",
    of: ({ code }, { headers }) => String(code) === "401" && /^bearer /i.test(headerOf(headers, "authorization") ?? ""),
  },
];

export function isBypassed(request: ExchangeRequest): boolean {
  return BYPASSES.some((bypass) => bypass.of(request));
}

/**
 * Sentences; none when all is well. `whole` is the replay of the exchange as it was; `seen` the one that showed Prism the
 * answer, which is the same one unless Prism could not read the request.
 */
export function judge({ request, answer }: Exchange, whole: Replay, seen: Replay): readonly string[] {
  const refused = answer.status >= 400 && answer.status < 500;
  const sentences = [
    ...(refused ? [] : objections(request, whole)),
    ...of("response", seen).map(sentenceOf),
    ...(seen.relayed ? differences(answer, seen.answer) : ["Prism was not shown the answer"]),
  ];
  return sentences.map((sentence) => `${request.method} ${request.target} answered ${answer.status}: ${sentence}`);
}

function objections(request: ExchangeRequest, { relayed, violations }: Replay): readonly string[] {
  const found = of("request", { violations }).filter(
    (violation) => !LENIENCES.some((lenience) => lenience.of(violation, request)),
  );
  // A stream is read once; what was in it went to the Worker.
  const unread = !relayed && request.body.kind !== "stream" ? ["request: Prism cannot read what the API takes"] : [];
  return [...found.map(sentenceOf), ...unread];
}

function of(side: "request" | "response", { violations }: Pick<Replay, "violations">): readonly Violation[] {
  return violations.filter(({ location }) => location[0] === side);
}

function sentenceOf({ location, message }: Violation): string {
  return `${location.join(".")}: ${message}`;
}

/** Prism writes JSON anew, so its length may be another one. */
const REWRITTEN_HEADERS = ["content-length"];

function differences(original: ExchangeAnswer, returned: ExchangeAnswer): readonly string[] {
  const headers = original.headers.filter(
    ([name, value]) => !REWRITTEN_HEADERS.includes(name) && headerOf(returned.headers, name) !== value,
  );
  return [
    ...(returned.status === original.status ? [] : [`Prism returned ${returned.status}`]),
    ...headers.map(([name]) => `Prism returned another ${name}`),
    ...(isDeepStrictEqual(bodyOf(original), bodyOf(returned)) ? [] : ["Prism returned another body"]),
  ];
}

function bodyOf({ headers, base64 }: ExchangeAnswer): unknown {
  const text = Buffer.from(base64, "base64").toString("utf8");
  return isJson(headerOf(headers, "content-type")) && text !== "" ? JSON.parse(text) : text;
}

/** One exchange for every operation, made of nothing but the examples in the description. */
import type { Description, Operation, Parameter } from "./description.ts";
import type { Exchange, ExchangeAnswer, ExchangeRequest } from "./exchange.ts";

export type Example = {
  /** `PATCH /v1/weights`. */
  readonly name: string;
  readonly operation: Operation;
  readonly exchange: Exchange;
};

export function examplesOf(description: Description): readonly Example[] {
  return Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): Example => {
      const request = requestOf(path, method.toUpperCase(), operation);
      const answer = answerOf(description, operation);
      return { name: `${request.method} ${path}`, operation, exchange: { request, answer } };
    }),
  );
}

function requestOf(path: string, method: string, { parameters = [], requestBody }: Operation): ExchangeRequest {
  const required = (place: Parameter["in"]) =>
    parameters.flatMap(({ in: found, name, required: needed, schema }) =>
      found === place && needed ? [[name, String(schema.example)] as const] : [],
    );
  const filled = required("path").reduce((text, [name, value]) => text.replace(`{${name}}`, value), path);
  const query = new URLSearchParams(required("query").map(([name, value]) => [name, value])).toString();
  const headers = [["authorization", "Bearer token"] as const, ...required("header")];
  const target = query === "" ? filled : `${filled}?${query}`;
  if (requestBody === undefined) return { method, target, headers, body: { kind: "none" } };
  const [mediaType, example] = firstOf(requestBody.content);
  return {
    ...{ method, target, headers: [...headers, ["content-type", mediaType]] },
    body: { kind: "bytes", base64: base64Of(example) },
  };
}

function answerOf({ components }: Description, { responses }: Operation): ExchangeAnswer {
  const [status, { headers, content = {} }] = firstEntry(responses);
  const [mediaType, example] = firstOf(content);
  const filled = Object.keys(headers).map((name) => [name, String(components.headers[name]?.example)] as const);
  return { status: Number(status), headers: [...filled, ["content-type", mediaType]], base64: base64Of(example) };
}

function firstOf(content: Readonly<Record<string, { readonly example: unknown }>>): readonly [string, unknown] {
  const [mediaType, { example }] = firstEntry(content);
  return [mediaType, example];
}

function firstEntry<T>(record: Readonly<Record<string, T>>): readonly [string, T] {
  const [first] = Object.entries(record);
  if (first === undefined) throw new Error("the description has an example here");
  return first;
}

/** Text as it is, everything else as JSON. */
export function base64Of(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64");
}

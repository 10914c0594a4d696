/**
 * One request to the admin API and the answer that it got: what the contract is checked on. Plain JSON, because it is
 * made inside workerd and checked outside. Bodies are base64.
 */
export type Headers = readonly (readonly [name: string, value: string])[];

export type ExchangeRequest = {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  readonly headers: Headers;
  /** `stream`: what cannot be sent a second time, or never ends. */
  readonly body: { readonly kind: "bytes"; readonly base64: string } | { readonly kind: "none" | "stream" };
};

export type ExchangeAnswer = { readonly status: number; readonly headers: Headers; readonly base64: string };

export type Exchange = { readonly request: ExchangeRequest; readonly answer: ExchangeAnswer };

/** One JSON value, by its media type; lines of JSON are none. */
export function isJson(contentType: string | null | undefined): boolean {
  return /^application\/([a-z.-]+\+)?json\b/i.test(contentType ?? "");
}

export function headerOf(headers: Headers, name: string): string | undefined {
  return headers.find(([found]) => found.toLowerCase() === name)?.[1];
}

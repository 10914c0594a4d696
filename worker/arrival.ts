/**
 * A request as it came to this Worker. What each of them is asked for is read once: every read of a request is a call
 * into the platform, a quarter of a microsecond, and the first one of its headers two.
 */
import { type RequestFields, readRequestFields } from "./request-fields.ts";

/** Before anything of it was read: all that an answer of our own needs. */
export type Came = {
  readonly request: Request;
  /** By the clock that stands still while code runs: when the platform started this Worker for it. */
  readonly arrivedAtMs: number;
  readonly background: ExecutionContext;
};

export type Arrival = Came & {
  readonly headers: Headers;
  readonly fields: RequestFields;
  readonly method: string;
};

export function arrivalOf({ request, arrivedAtMs, background }: Came): Arrival {
  const { headers, method } = request;
  return { request, headers, fields: readRequestFields(headers), method, arrivedAtMs, background };
}

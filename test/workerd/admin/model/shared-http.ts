/** How clients that share a control plane ask it, and what they make of its answers. */
import { TOKEN } from "../support.ts";
import type { SharedInput, SharedMutation, SharedOutput } from "./shared-fleet.ts";
import type { Documents } from "./state.ts";

/** Which weight is the counter, which one is set by anybody, and what is drained. */
const COUNTER_REGION = "eu-west";
const PLAIN_REGION = "us-east";
const DRAINED_REGION = "ap-south";

/** Both weights start at 0, which is also what an absent shift means here. */
export const SHARED_DOCUMENTS: Documents = {
  capacity: 100,
  declared: { [COUNTER_REGION]: 0, [PLAIN_REGION]: 0, [DRAINED_REGION]: 1 },
};

export function requestOf(input: SharedInput): Request {
  switch (input.kind) {
    case "read":
      return new Request("http://admin/v1/fleet", { headers: headersOf(input) });
    case "raise":
      return shiftRequest(input, { [COUNTER_REGION]: input.to });
    case "set":
      return shiftRequest(input, { [PLAIN_REGION]: input.to });
    default: {
      const body = JSON.stringify({ reason: input.reason });
      const url = `http://admin/v1/regions/${DRAINED_REGION}/${input.kind}`;
      return new Request(url, { method: "POST", headers: headersOf(input), body });
    }
  }
}

function shiftRequest(input: SharedMutation, weights: Readonly<Record<string, number>>): Request {
  const body = JSON.stringify({ route: "web", rule: "europe", weights, reason: input.reason });
  return new Request("http://admin/v1/weights", { method: "PATCH", headers: headersOf(input), body });
}

function headersOf(input: SharedInput): Record<string, string> {
  const authorization = `Bearer ${TOKEN}`;
  if (input.kind === "read") return { authorization };
  return {
    ...{ authorization, "content-type": "application/json", "if-match": input.kind === "raise" ? input.etag : "*" },
    ...(input.key === undefined ? {} : { "idempotency-key": input.key }),
  };
}

/** Undefined when the control plane broke: then nobody knows what it did. */
export function outputOf(input: SharedInput, status: number, text: string): SharedOutput | undefined {
  if (status >= 500) return undefined;
  const body = text.startsWith("{") ? JSON.parse(text) : {};
  if (body.code === "idempotencyRunning") return { kind: "running" };
  if (status === 412) return { kind: "stale", revision: body.revision, etag: body.etag };
  if (status !== 200) return { kind: "unexpected", status, text };
  const { revision } = body;
  if (input.kind !== "read") return { kind: "done", revision, etag: body.etag, changed: body.changed };
  return { kind: "seen", revision, etag: `"${body.digest}"`, ...contentOf(body.overlays) };
}

type Written = { readonly kind: string; readonly weights?: Readonly<Record<string, number>> };

function contentOf(overlays: readonly Written[]) {
  const weights = overlays.find(({ kind }) => kind === "weightShift")?.weights ?? {};
  return {
    counter: weights[COUNTER_REGION] ?? 0,
    plain: weights[PLAIN_REGION] ?? 0,
    drained: overlays.some(({ kind }) => kind === "regionDrain"),
  };
}

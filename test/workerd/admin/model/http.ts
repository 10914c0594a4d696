/** How what the model is asked for is asked of the API. */
import { unreachable } from "../../../../config/invariant.ts";
import { TOKEN } from "../support.ts";
import { documentsOf } from "./documents.ts";
import type { ModelRequest } from "./fleet-model.ts";
import type { Change } from "./state.ts";

export type HttpRequest = {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** `etags` are those of the revisions from 0 on. */
export function httpRequestOf(request: ModelRequest, etags: readonly string[]): HttpRequest {
  const { change, reason, basedOn, key, dryRun } = request;
  const { method, path, body } = endpointOf(change);
  const ifMatch = typeof basedOn === "number" ? (etags[basedOn] ?? '"of no revision"') : "*";
  return {
    method,
    path: dryRun ? `${path}?dryRun=true` : path,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      "content-type": "application/json",
      ...(basedOn === undefined ? {} : { "if-match": ifMatch }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    body: JSON.stringify({ ...body, reason }),
  };
}

function endpointOf(change: Change): { readonly method: string; readonly path: string; readonly body: object } {
  switch (change.kind) {
    case "apply": {
      // An empty list is refused: it is no way to say "nothing".
      const clear = change.clear.length === 0 ? {} : { clear: change.clear };
      return { method: "PUT", path: "/v1/fleet", body: { documents: documentsOf(change.documents), ...clear } };
    }
    case "shiftWeights":
      return { method: "PATCH", path: "/v1/weights", body: { route: "web", rule: "europe", weights: change.weights } };
    case "drain": {
      const { kind, name } = change.target;
      return { method: "POST", path: `/v1/${kind}s/${name}/drain`, body: { expiresIn: `${change.lastsMs / 1_000}s` } };
    }
    case "undrain": {
      const { kind, name } = change.target;
      return { method: "POST", path: `/v1/${kind}s/${name}/undrain`, body: {} };
    }
    case "restore":
      return { method: "POST", path: `/v1/revisions/${change.revision}/restore`, body: { overlays: change.overlays } };
    default:
      return unreachable(change);
  }
}

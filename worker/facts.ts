/** The facts of one request, as the decision may know them: target, client and headers put into the middle's words. */
import type { Client } from "./client.ts";
import type { Facts } from "./routing/facts.ts";
import { readAsn, readPlace } from "./routing/place.ts";
import type { Target } from "./target.ts";

export function readFacts(
  { method, headers }: { readonly method: string; readonly headers: Headers },
  target: Target,
  client: Client,
): Facts {
  return {
    method,
    host: target.host,
    path: target.path,
    header: (name) => headers.get(name),
    place: readPlace(client.geo),
    asn: readAsn(client.geo),
    clientAddress: client.address,
  };
}

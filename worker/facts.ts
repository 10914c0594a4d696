/** The facts of one request, as the decision may know them: target, client and headers put into the middle's words. */
import type { Client } from "./client.ts";
import type { Facts } from "./routing/facts.ts";
import { readAsn, readPlace } from "./routing/place.ts";
import type { Target } from "./target.ts";

export function readFacts(request: Request, target: Target, client: Client): Facts {
  const asn = readAsn(client.geo);
  return {
    method: request.method,
    host: target.host,
    path: target.path,
    header: (name) => request.headers.get(name),
    place: readPlace(client.geo),
    ...(asn === undefined ? {} : { asn }),
    ...(client.address === undefined ? {} : { clientAddress: client.address }),
  };
}

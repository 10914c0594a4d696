/** Hosts of routes, beyond what the schema's pattern says. */
import { isAddress } from "../endpoint.ts";
import type { Finding } from "../findings.ts";
import { findingAt } from "../placed.ts";
import type { CheckInput } from "./check.ts";

/** RFC 1035 §2.3.4. */
const LABEL_LENGTH_MAX = 63;

export function checkHosts({ routes }: CheckInput): readonly Finding[] {
  return routes.flatMap((route) =>
    route.document.spec.match.hosts.flatMap((host, index) => {
      const message = hostProblem(host);
      if (message === undefined) return [];
      return [findingAt(route, { code: "host.syntax", path: ["spec", "match", "hosts", index], message })];
    }),
  );
}

function hostProblem(host: string): string | undefined {
  const name = host.startsWith("*.") ? host.slice(2) : host;
  if (host.startsWith("*.") && isAddress(name)) return "a wildcard stands in front of a name, not of an address";
  if (isAddress(name)) return addressProblem(name);
  const long = name.split(".").some((label) => label.length > LABEL_LENGTH_MAX);
  return long ? `a label of a host has at most ${LABEL_LENGTH_MAX} characters` : undefined;
}

/** Clients' URL parsers rewrite other spellings, so a route for one of those would never match. */
function addressProblem(host: string): string | undefined {
  if (host.startsWith("[")) return /^\[[0-9a-f:]+(:[0-9.]+)?\]$/.test(host) ? undefined : "this is no IPv6 address";
  const parts = host.split(".");
  const plain = parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
  return plain ? undefined : "an IPv4 address is four numbers from 0 to 255";
}

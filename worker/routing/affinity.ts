/** The key that a client is hashed by: what its service asks for, else its address, else the caller's draw. */
import type { KeySource } from "./decision.ts";
import type { Facts } from "./facts.ts";
import { murmur3 } from "./hash.ts";
import type { LoadedService } from "./loaded-snapshot.ts";

export type ClientKey = { readonly hash: number; readonly source: KeySource };

export function clientKey(service: LoadedService, facts: Facts, draw: number): ClientKey {
  const { affinity } = service;
  if (affinity.by === "header") {
    const value = facts.header(affinity.header);
    if (value !== null && value !== "") return { hash: murmur3(value), source: "header" };
  }
  if (affinity.by !== "none" && facts.clientAddress !== undefined) {
    return { hash: murmur3(networkOf(facts.clientAddress)), source: "clientAddress" };
  }
  return { hash: draw >>> 0, source: "draw" };
}

/**
 * One household keeps one key: an IPv6 client changes the lower half of its address every day (RFC 8981), so only the
 * first four groups count. An IPv4 address counts whole.
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = ""] = address.toLowerCase().split("%");
  const [left = "", right] = head.split("::");
  const leading = left === "" ? [] : left.split(":");
  const trailing = right === undefined || right === "" ? [] : right.split(":");
  const zeros = right === undefined ? 0 : Math.max(0, 8 - leading.length - trailing.length);
  const groups = [...leading, ...Array.from({ length: zeros }, () => "0"), ...trailing];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

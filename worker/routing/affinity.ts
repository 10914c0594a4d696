/** The key that a client is hashed by: what its service asks for, else its address, else the caller's draw. */

import { murmur3 } from "../../config/murmur3.ts";
import type { KeySource } from "./decision.ts";
import type { Facts } from "./facts.ts";
import { combine } from "./hash.ts";
import type { LoadedService } from "./loaded-snapshot.ts";

export type ClientKey = { readonly hash: number; readonly source: KeySource };

export function clientKey(service: LoadedService, facts: Facts, draw: number): ClientKey {
  const { affinity } = service;
  if (affinity.by === "header") {
    const value = facts.header(affinity.header);
    if (value !== null && value !== "") return { hash: murmur3(value), source: "header" };
  }
  if (affinity.by !== "none" && facts.clientAddress !== undefined) {
    return { hash: addressHash(facts.clientAddress), source: "clientAddress" };
  }
  return { hash: draw >>> 0, source: "draw" };
}

/**
 * The same key as text, for flags: whoever knows what the service keeps its clients by, an SDK in a cluster for one, gets
 * the same variants with it. Undefined for clients without a key. It says who somebody is, so it is never logged.
 */
export function clientKeyText({ affinity }: LoadedService, { header, clientAddress }: Facts): string | undefined {
  if (affinity.by === "none") return undefined;
  const value = affinity.by === "header" ? header(affinity.header) : null;
  if (value !== null && value !== "") return value;
  return clientAddress === undefined ? undefined : addressText(clientAddress);
}

/** IPv6 by its first four groups, as `addressHash`: `2001:db8:0:1::/64`. Anything else as it is. */
function addressText(address: string): string {
  if (!address.includes(":") || !/^[0-9a-f:.]+$/i.test(address)) return address;
  const { high, low } = networkOf(address);
  return `${groupText(high >>> 16)}:${groupText(high & 0xffff)}:${groupText(low >>> 16)}:${groupText(low & 0xffff)}::/64`;
}

function groupText(group: number): string {
  return group.toString(16);
}

/**
 * One household keeps one key: an IPv6 client changes the lower half of its address every day (RFC 8981), so only the
 * first four groups count, however they are written. Anything else, IPv4 above all, counts whole. Takes no strings
 * apart: this runs for nearly every request.
 */
export function addressHash(address: string): number {
  if (!address.includes(":")) return murmur3(address);
  const { high, low } = networkOf(address);
  return combine(high, low);
}

/** The first four groups of an IPv6 address as two uint32. */
function networkOf(address: string): { readonly high: number; readonly low: number } {
  const gap = address.indexOf("::");
  // Groups that `::` stands for; only those among the first four matter, and there they are zero.
  let high = 0;
  let low = 0;
  let group = 0;
  let value = 0;
  const end = gap < 0 ? address.length : gap;
  for (let i = 0; i <= end && group < 4; i += 1) {
    const digit = i === end ? -1 : hexDigit(address.charCodeAt(i));
    if (digit >= 0) {
      value = ((value << 4) | digit) & 0xffff;
      continue;
    }
    if (group < 2) high = (high << 16) | value;
    else low = (low << 16) | value;
    value = 0;
    group += 1;
  }
  for (; group < 4; group += 1) {
    if (group < 2) high <<= 16;
    else low <<= 16;
  }
  return { high: high >>> 0, low: low >>> 0 };
}

/** 0 to 15, or -1 for what is no hexadecimal digit. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

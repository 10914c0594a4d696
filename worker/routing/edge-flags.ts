/** Asks flags at the edge: with what is known of the request, about a service, in a region. Each is asked for one thing at a time. */
import type { EdgeFlagContextKey } from "../../config/flag-context.ts";
import { flagMember } from "../../config/flags-header.ts";
import type { FlagResult } from "../flags/flag-result.ts";
import { askFlag, type LoadedFlag, ofType } from "../flags/loaded-flag.ts";
import type { FlagContext } from "../flags/scope.ts";
import { clientKeyText } from "./affinity.ts";
import type { Reason } from "./decision.ts";
import type { Facts } from "./facts.ts";
import type { LoadedService } from "./loaded-snapshot.ts";

export type Asking = {
  readonly service: LoadedService;
  readonly facts: Facts;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** In the place of what the request itself is keyed by: plans ask for clients of all keys. */
  readonly targetingKey?: string | undefined;
};

/** Undefined for a region that nobody knows, as that of a client without a place. */
export function askAtEdge(flag: LoadedFlag, asking: Asking, region: string | undefined): FlagResult {
  return flag.settled ?? askFlag(flag, { context: contextOf(asking, region), nowMs: asking.nowMs });
}

/** What is not known is not there, so that the fallback of a `var` holds. */
function contextOf({ service, facts, targetingKey }: Asking, region: string | undefined): FlagContext {
  const { host, path, method, place } = facts;
  const key = targetingKey ?? clientKeyText(service, facts);
  const context: { [name in EdgeFlagContextKey]?: unknown } = {
    service: service.name,
    host,
    path,
    method,
    eu: place.eu,
  };
  if (key !== undefined) context.targetingKey = key;
  if (region !== undefined) context.region = region;
  if (place.country !== undefined) context.country = place.country;
  if (place.subdivision !== undefined) context.subdivision = place.subdivision;
  if (place.continent !== undefined) context.continent = place.continent;
  return context;
}

/** Whether a steering rule that goes by this flag counts. What has no value, or another than true, closes it. */
export function isOpen(
  flag: LoadedFlag,
  asking: Asking,
  { region, rule }: { readonly region: string | undefined; readonly rule: string },
  trace: Reason[] | undefined,
): boolean {
  const result = ofType(flag, askAtEdge(flag, asking, region), "boolean");
  trace?.push(flagReason(flag, result, region, { for: "rule", rule }));
  return result.kind === "value" && result.value === true;
}

/** `canary` for whom the service's flag has the variant; undefined leaves it to the split. */
export function flaggedSide(asking: Asking, region: string, trace: Reason[] | undefined): "canary" | undefined {
  const { canaryFlag } = asking.service;
  if (canaryFlag === undefined) return undefined;
  const result = askAtEdge(canaryFlag.flag, asking, region);
  trace?.push(flagReason(canaryFlag.flag, result, region, { for: "side", variant: canaryFlag.variant }));
  return result.kind === "value" && result.variant === canaryFlag.variant ? "canary" : undefined;
}

/** The value of `Fairlead-Flags` for a cluster in this region; undefined when no flag has a value for the client. */
export function flagsHeader(asking: Asking, region: string, trace?: Reason[]): string | undefined {
  const members = asking.service.flags.flatMap(({ flag, members }) => {
    const result = askAtEdge(flag, asking, region);
    trace?.push(flagReason(flag, result, region, { for: "cluster" }));
    return result.kind === "value" ? (members.get(result.variant) ?? []) : [];
  });
  return members.length === 0 ? undefined : members.join(", ");
}

/** Made once for each variant, because a request only puts them together. */
export function membersOf(
  name: string,
  variants: Readonly<Record<string, Parameters<typeof flagMember>[2]>>,
): ReadonlyMap<string, string> {
  return new Map(Object.entries(variants).map(([variant, value]) => [variant, flagMember(name, variant, value)]));
}

function flagReason(
  { name }: LoadedFlag,
  result: FlagResult,
  region: string | undefined,
  use: Extract<Reason, { readonly code: "flag.asked" }>["use"],
): Reason {
  const answer =
    result.kind === "error"
      ? { variant: null, reason: "ERROR" as const, errorCode: result.errorCode }
      : { variant: result.kind === "value" ? result.variant : null, reason: result.reason };
  return { code: "flag.asked", flag: name, region: region ?? null, use, ...answer };
}

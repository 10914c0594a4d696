/** What a vantage tells the health object: what it sees of each cluster, and where it really is. */
import type { HealthState } from "../../../config/health.ts";
import type { Vantage } from "../../../config/vantage.ts";
import type { Cause } from "./cluster-health.ts";

/** One cluster as one vantage sees it. Times are by the prober's clock. */
export type SeenCluster = {
  readonly state: HealthState;
  readonly sinceMs: number;
  /** How often it went down within the last minutes (`FLAP_WINDOW_MS`). */
  readonly flaps: number;
  readonly because?: Cause;
  readonly recoveredAtMs?: number;
  /** It stays down until then at least. */
  readonly heldUntilMs?: number;
};

/**
 * A Durable Object is placed near its location hint, not at it. What tells where is the id that Cloudflare puts on the
 * answers of clusters behind it; of clusters elsewhere nothing does.
 */
export type RanIn =
  | { readonly kind: "unknown" }
  | { readonly kind: "colo"; readonly colo: string; readonly cluster: string; readonly atMs: number };

export type VantageMessage = {
  readonly vantage: Vantage;
  /** Rises with each change of what is seen. */
  readonly sequence: number;
  readonly ranIn: RanIn;
  /** By how much the latest probe of the last minutes began late. */
  readonly behindMs: number;
  /** Left out in a heartbeat: nothing has changed since the message of that sequence. */
  readonly clusters?: Readonly<Record<string, SeenCluster>>;
};

/** `<16 hex digits>-<colo>`, the colo as an IATA code. */
const CF_RAY_PATTERN = /^[0-9a-f]{16}-([A-Z]{3})$/;

export function coloOf(cfRay: string | null): string | undefined {
  return cfRay === null ? undefined : CF_RAY_PATTERN.exec(cfRay)?.[1];
}

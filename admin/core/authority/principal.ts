/** Who asks, as far as the control plane can tell, and what each role may do. The table is the whole of the rights. */
import { ACTIONS, type Action } from "../../../config/policy.ts";

/**
 * `evaluator` is for SDKs, which ask for flags and may see nothing else.
 * `responder` makes things safer and nothing else, so that anybody on call can have it. `operator` moves traffic,
 * `maintainer` also applies documents, `approver` is the second person, `auditor` reads what happened. `admin` may do all.
 * `scraper` reads `/metrics` alone: its token lies in the configuration of a monitoring system.
 */
export const ROLES = [
  "scraper",
  "evaluator",
  "viewer",
  "responder",
  "operator",
  "maintainer",
  "approver",
  "auditor",
  "admin",
] as const;
export type Role = (typeof ROLES)[number];

export type Principal = {
  readonly name: string;
  readonly kind: "person" | "machine";
  readonly roles: readonly Role[];
};

/** What may be asked for beside changes of routing. */
export const DUTIES = [
  "read",
  "metrics.read",
  "flag.evaluate",
  "approve",
  "incident.open",
  "incident.close",
  "debugToken.issue",
  "alert.acknowledge",
  "webhook.test",
  "webhook.replay",
  "webhook.secret",
  "audit.read",
  "audit.erase",
  "backup.read",
  "backup.restore",
] as const;
export type Duty = (typeof DUTIES)[number];

const READING: readonly Duty[] = ["read", "metrics.read"];

const SAFER: readonly (Action | Duty)[] = [
  "region.drain",
  "cluster.drain",
  "freeze.set",
  "secret.compromised",
  "incident.open",
  "alert.acknowledge",
];
const OPERATING: readonly (Action | Duty)[] = [
  ...SAFER,
  "region.undrain",
  "cluster.undrain",
  "weights.shift",
  "flag.switch",
  "flag.release",
  "freeze.lift",
  "secret.rotate",
  "secret.revoke",
  "revision.restore",
  "batch.commit",
  "incident.close",
  "debugToken.issue",
  "webhook.test",
  "webhook.replay",
];

const MAY: Readonly<Record<Role, readonly (Action | Duty)[]>> = {
  evaluator: ["flag.evaluate"],
  scraper: ["metrics.read"],
  viewer: [...READING, "flag.evaluate"],
  responder: [...READING, "flag.evaluate", ...SAFER],
  operator: [...READING, "flag.evaluate", ...OPERATING],
  maintainer: [...READING, "flag.evaluate", ...OPERATING, "fleet.apply", "webhook.secret"],
  approver: [...READING, "approve"],
  auditor: [...READING, "audit.read", "backup.read"],
  admin: [...ACTIONS, ...DUTIES],
};

export function may({ roles }: Pick<Principal, "roles">, what: Action | Duty): boolean {
  return roles.some((role) => MAY[role].includes(what));
}

/** On whose behalf a principal changes things, unless it says otherwise. */
export function managerOf({ kind }: Principal): string {
  return kind === "machine" ? "ci" : "people";
}

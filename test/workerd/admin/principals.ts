/** Who may ask in the tests of the admin Worker, beside the admin's own token: one of each role, and whom stories need. */
import type { Principal } from "../../../admin/core/authority/principal.ts";

export const PRINCIPALS = [
  { name: "scraper", kind: "machine", roles: ["scraper"] },
  { name: "viewer", kind: "person", roles: ["viewer"] },
  { name: "responder", kind: "person", roles: ["responder"] },
  { name: "operator", kind: "person", roles: ["operator"] },
  { name: "maintainer", kind: "person", roles: ["maintainer"] },
  { name: "approver", kind: "person", roles: ["approver"] },
  { name: "second", kind: "person", roles: ["approver"] },
  { name: "auditor", kind: "person", roles: ["auditor"] },
  { name: "sdk", kind: "machine", roles: ["evaluator"] },
  // Asks for changes and approves those of others.
  { name: "lead", kind: "person", roles: ["maintainer", "approver"] },
  { name: "ci", kind: "machine", roles: ["maintainer"] },
] as const satisfies readonly Principal[];

export type PrincipalName = (typeof PRINCIPALS)[number]["name"];

export function tokenOf(name: PrincipalName): string {
  return `token-of-${name}-in-the-admin-tests`;
}

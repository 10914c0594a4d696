/**
 * Which rules bind which changes, as data. What makes things safer meets the fewest rules (DESIGN §6): a drain or an
 * abort must never wait for a limit on how fast one may go. It still may not leave anybody without a region.
 */
import type { BuiltInRule } from "./rule-ids.ts";
import type { ChangeDirection } from "./safety-input.ts";

/** `binds`: the rule's own outcome stands. `warns`: what it would deny is only told. `free`: it is not asked. */
export type Force = "binds" | "warns" | "free";

/** The rules of a Policy go by kind; the wait after an assertion's change is apart from what the assertion demands. */
export type RuleKind = BuiltInRule | "assertion" | "assertionWait" | "gate";

type Forces = Readonly<Record<ChangeDirection, Force>>;

const ALWAYS: Forces = { safe: "binds", comeback: "binds", undo: "binds", change: "binds" };

/** How fast, how far, how often: about going into the unknown, which neither safety nor the way back is. */
const PACE: Forces = { safe: "free", comeback: "binds", undo: "warns", change: "binds" };

export const BINDING: Readonly<Record<RuleKind, Forces>> = {
  acceptingRegions: ALWAYS,
  healthyClusters: ALWAYS,
  // A region that has to go has to go, also when the others will sweat.
  capacity: { ...ALWAYS, safe: "warns" },
  stepMax: PACE,
  shiftPerHour: PACE,
  midChange: PACE,
  waitSame: PACE,
  waitOpposite: PACE,
  // Somebody forbade changes on purpose, rollbacks among them: they can wait for the override that names the freeze.
  freeze: { ...ALWAYS, safe: "free" },
  // Undoing is how incidents end.
  incident: { ...ALWAYS, safe: "free", undo: "free" },
  // Back to what is known, and away from what burns, is how a budget recovers. What comes back had its place there before.
  errorBudget: { safe: "free", comeback: "warns", undo: "free", change: "binds" },
  // A drain removes nothing, and what runs out by itself has nobody to ask.
  removal: { ...ALWAYS, safe: "free", comeback: "free" },
  // A cluster that cannot read a secret is down, however urgent it is to be rid of the old version.
  secretPresence: ALWAYS,
  secretUse: ALWAYS,
  assertion: ALWAYS,
  assertionWait: PACE,
  gate: ALWAYS,
};

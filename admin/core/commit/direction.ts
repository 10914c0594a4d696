/** Which way a change goes: what only makes things safer meets the fewest rules (DESIGN §6). */
import type { Overlay } from "../../../config/overlays.ts";
import type { Mutation } from "../changes/mutation.ts";
import type { ChangeDirection } from "../safety/safety-input.ts";
import type { SecretScope } from "../secrets/users.ts";

/** `overlays`: those that are live before the change. */
export function directionOf(mutation: Mutation, overlays: readonly Overlay[] = []): ChangeDirection {
  switch (mutation.kind) {
    case "drain":
    case "freeze":
    case "compromiseSecret":
      return "safe";
    case "rotateSecret":
    case "revokeSecret":
      // Away from a version that somebody else may know is the safe way, whatever is frozen or on fire.
      return isUrgent(mutation, overlays) ? "safe" : "change";
    case "restore":
    case "withdraw":
      return "undo";
    case "undrain":
    case "expire":
      return "comeback";
    case "batch":
      // One risky part makes the whole risky: all of it happens at once.
      return mutation.mutations.every((part) => directionOf(part, overlays) === "safe") ? "safe" : "change";
    default:
      return "change";
  }
}

function isUrgent({ secret, service }: SecretScope, overlays: readonly Overlay[]): boolean {
  return overlays.some(
    (overlay) =>
      overlay.kind === "secretRotation" &&
      overlay.compromised === true &&
      overlay.secret === secret &&
      overlay.service === service,
  );
}

/** Freezes, overrides and rotations of secrets leave what edges serve as it is, so there is nothing to try out at one vantage first. */
export function changesRouting(mutation: Mutation): boolean {
  switch (mutation.kind) {
    case "freeze":
    case "liftFreeze":
    case "override":
    case "liftOverride":
    case "rotateSecret":
    case "revokeSecret":
    case "compromiseSecret":
      return false;
    case "batch":
      return mutation.mutations.some(changesRouting);
    default:
      return true;
  }
}

/** What a revision did, as a line for people: in lists, on dashboards, beside a graph. Who and why are said besides. */
import { unreachable } from "../../../config/invariant.ts";
import type { Outcome } from "../changes/mutation.ts";
import type { WeightLine } from "../changes/shares.ts";

/** Shown of a list; the rest is a number. */
const NAMED_MAX = 4;

/** `kind` is the revision's, for one whose outcome is no longer kept. */
export function changeSentence(kind: string, outcome: Outcome | undefined): string {
  if (outcome === undefined) return `A change of the kind ${kind}`;
  switch (outcome.kind) {
    case "apply":
      return outcome.changes.length === 0
        ? "Documents applied"
        : `Documents changed: ${listed(new Set(outcome.changes.map(({ document }) => document)))}`;
    case "shiftWeights":
      return `Weights of ${outcome.route}/${outcome.rule} shifted: ${shares(outcome.before)} to ${shares(outcome.after)}`;
    case "drain":
      return `The ${outcome.target.kind} ${outcome.target.name} is drained (${outcome.mode})`;
    case "undrain":
      return `The ${outcome.target.kind} ${outcome.target.name} takes clients again`;
    case "switchFlag":
      return `The flag ${outcome.flag} is switched to ${outcome.state}`;
    case "releaseFlag":
      return `The flag ${outcome.flag} is as declared again`;
    case "freeze":
      return `The freeze ${outcome.name} begins`;
    case "liftFreeze":
      return `The freeze ${outcome.name} is lifted`;
    case "override":
      return `Safety rules are overridden: ${listed(new Set(outcome.rules))}`;
    case "liftOverride":
      return `The override ${outcome.name} is lifted`;
    case "rotateSecret":
      return `The secret ${outcome.secret} is rotated (${outcome.stage ?? "given up"})`;
    case "revokeSecret":
      return `The old version of the secret ${outcome.secret} is revoked`;
    case "compromiseSecret":
      return `The secret ${outcome.secret} is compromised`;
    case "restore":
      return `Rolled back to revision ${outcome.revision}`;
    case "withdraw":
      return `Withdrawn by itself, back to revision ${outcome.revision} (${outcome.because})`;
    case "batch":
      return outcome.outcomes.map((one) => changeSentence(one.kind, one)).join("; ");
    case "expire":
      return expired(outcome.ended, Object.keys(outcome.held));
    default:
      return unreachable(outcome);
  }
}

function shares(lines: readonly WeightLine[]): string {
  return lines.map(({ region, shareBps }) => `${region} ${shareBps / 100}%`).join(", ");
}

function expired(ended: readonly string[], held: readonly string[]): string {
  const parts = [
    ...(ended.length === 0 ? [] : [`ended by itself: ${listed(new Set(ended))}`]),
    ...(held.length === 0 ? [] : [`held beyond its end: ${listed(new Set(held))}`]),
  ];
  const text = parts.join("; ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function listed(names: ReadonlySet<string>): string {
  const shown = [...names].slice(0, NAMED_MAX).join(", ");
  return names.size > NAMED_MAX ? `${shown} and ${names.size - NAMED_MAX} more` : shown;
}

/**
 * Steps of a rotation that clusters are not ready for. `secretPresence`: what they are to use from now on they can read,
 * all that serve. `secretUse`: what is revoked is used by none. Not to know is not to be ready. A version that somebody
 * else may know is revoked all the same, once its successor is everywhere.
 */
import { canonicalJson } from "../../../../config/canonical.ts";
import type { Overlay, SecretRotation } from "../../../../config/overlays.ts";
import { overlayKey } from "../../../../config/overlays.ts";
import { declaredOf } from "../../drift/declared.ts";
import { describeWaiting, lacking, using, type Waiting } from "../../secrets/progress.ts";
import { type SecretUser, secretUsers, wantedVersion } from "../../secrets/users.ts";
import type { Statuses } from "../../status/statuses.ts";
import type { ExaminedChange } from "../examine.ts";
import type { Verdict } from "../verdict.ts";
import { firstOf } from "../words.ts";
import { deny, notEvaluated, pass, warn } from "./verdicts.ts";

type Change = Pick<ExaminedChange, "before" | "after" | "statuses">;

export function secretPresence(change: Change): Verdict {
  const RULE = "secretPresence";
  const steps = stepsOf(change).flatMap(({ secret, users }) => {
    const turned = users.filter((user) => wantedBefore(secret, user, change) !== user.wanted);
    const [first] = turned;
    return first === undefined ? [] : [{ secret, version: first.wanted, waitsOn: lacking(turned, first.wanted) }];
  });
  if (steps.length === 0) return notEvaluated(RULE, "No secret is cut over.");
  const unready = steps.filter(({ waitsOn }) => waitsOn.length > 0);
  if (unready.length > 0) {
    const sentences = unready.map(
      ({ secret, version, waitsOn }) =>
        `The secret ${secret} cannot be cut over to ${version} before every cluster that serves can read it: ${describeWaiting(waitsOn)}.`,
    );
    return deny(RULE, said(sentences, change), numbersOf(unready));
  }
  const cut = steps.map(({ secret, version }) => `${secret} to ${version}`).join(", ");
  return pass(RULE, `Every cluster that serves can read what it is to use: ${cut}.`, numbersOf(steps));
}

export function secretUse(change: Change): Verdict {
  const RULE = "secretUse";
  const steps = stepsOf(change).flatMap(({ secret, users, was, is }) => {
    const version = revokedBy(was, is);
    if (version === undefined) return [];
    const urgent = is?.stage === "revoked" && is.compromised === true;
    return [{ secret, version, urgent, waitsOn: using(users, version) }];
  });
  if (steps.length === 0) return notEvaluated(RULE, "No version of a secret is revoked.");
  const used = steps.filter(({ waitsOn }) => waitsOn.length > 0);
  if (used.length === 0) {
    const gone = steps.map(({ secret, version }) => `${version} of ${secret}`).join(", ");
    return pass(RULE, `No cluster uses what is revoked: ${gone}.`, numbersOf(steps));
  }
  const sentences = used.map(
    ({ secret, version, urgent, waitsOn }) =>
      `${version} of the secret ${secret} ${urgent ? "is revoked because it is compromised" : "cannot be revoked"} while it is in use: ${describeWaiting(waitsOn)}.`,
  );
  const answer = used.every(({ urgent }) => urgent) ? warn : deny;
  return answer(RULE, said(sentences, change), numbersOf(used));
}

/** One rotation that the change begins, moves or ends, and the clusters that it is about. */
type RotationStep = {
  readonly secret: string;
  readonly was: SecretRotation | undefined;
  readonly is: SecretRotation | undefined;
  readonly users: readonly SecretUser[];
};

function stepsOf({ before, after, statuses = NOT_KNOWN }: Change): readonly RotationStep[] {
  const old = rotationsByKey(before.overlays);
  const next = rotationsByKey(after.overlays);
  const keys = [...new Set([...old.keys(), ...next.keys()])].filter(
    (key) => canonicalJson(old.get(key) ?? null) !== canonicalJson(next.get(key) ?? null),
  );
  if (keys.length === 0) return [];
  const declared = declaredOf(after.fleet, after.overlays);
  return keys.flatMap((key) => {
    const [was, is] = [old.get(key), next.get(key)];
    const scope = is ?? was;
    if (scope === undefined) return [];
    return [{ secret: scope.secret, was, is, users: secretUsers(declared, statuses, scope) }];
  });
}

/** Nobody has said anything, so nobody is ready for anything. */
const NOT_KNOWN: Statuses = new Map();

function rotationsByKey(overlays: readonly Overlay[]): ReadonlyMap<string, SecretRotation> {
  return new Map(
    overlays.flatMap((overlay) => (overlay.kind === "secretRotation" ? [[overlayKey(overlay), overlay] as const] : [])),
  );
}

/** By the rotations before the change; the documents are those after it, so that only rotations make a difference. */
function wantedBefore(secret: string, { service, declared }: SecretUser, { before }: Change): string {
  const rotations = before.overlays.filter((overlay) => overlay.kind === "secretRotation");
  return wantedVersion({ secret, service }, declared, rotations);
}

/** The version that was good before the change and is not any more. */
function revokedBy(was: SecretRotation | undefined, is: SecretRotation | undefined): string | undefined {
  if (is?.stage === "revoked") return was?.stage === "revoked" && was.from === is.from ? undefined : is.from;
  // Given up before it was used: whoever uses it already must go back first.
  return was?.stage === "introduced" && was.to !== is?.to ? was.to : undefined;
}

function said(sentences: readonly string[], { statuses }: Change): string {
  const blind = statuses === undefined ? " What clusters report cannot be read at the moment." : "";
  return `${firstOf(sentences)}${blind}`;
}

type Judged = { readonly secret: string; readonly version: string; readonly waitsOn: readonly Waiting[] };

function numbersOf(steps: readonly Judged[]): Verdict["numbers"] {
  const waitsOn = steps.flatMap((step) => step.waitsOn);
  return {
    secrets: steps.map(({ secret }) => secret),
    versions: steps.map(({ version }) => version),
    regions: [...new Set(waitsOn.map(({ region }) => region))],
    clusters: [...new Set(waitsOn.map(({ cluster }) => cluster))],
  };
}

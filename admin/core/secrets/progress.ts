/**
 * How far a rotation is, worked out from what clusters report, and whom it waits for. Steps are taken by people and
 * pipelines (`admin/core/changes/secrets.ts`); what clusters report says whether a step may be taken.
 */
import { groupBy } from "../../../config/group.ts";
import { unreachable } from "../../../config/invariant.ts";
import type { SecretRotation } from "../../../config/overlays.ts";
import { reads, type SecretUser, usedVersion } from "./users.ts";

/**
 * `introduced`: some cluster that serves cannot read the new version yet. `everywherePresent`: all can, so that it may be
 * cut over. `active`: it is cut over, and some cluster still uses the old version. `oldUnused`: none does, so that it may
 * be revoked. `revoked`: it is.
 */
export type RotationState = "introduced" | "everywherePresent" | "active" | "oldUnused" | "revoked";

/**
 * `lacks` the new version; `uses` the old one; `reads` the old one although it is revoked; `unclear`: reads both and does
 * not say which it uses; `silent`: does not report.
 */
export type Waiting = {
  readonly cluster: string;
  readonly region: string;
  readonly because: "lacks" | "uses" | "reads" | "unclear" | "silent";
};

export type RotationProgress = { readonly state: RotationState; readonly waitsOn: readonly Waiting[] };

export function rotationProgress(
  { from, to, stage }: Pick<SecretRotation, "from" | "to" | "stage">,
  users: readonly SecretUser[],
): RotationProgress {
  switch (stage) {
    case "introduced": {
      // Without a new version there is nothing that a cluster could lack: it waits for whoever names one.
      if (to === undefined) return { state: "introduced", waitsOn: [] };
      const waitsOn = lacking(users, to);
      return { state: waitsOn.length === 0 ? "everywherePresent" : "introduced", waitsOn };
    }
    case "active": {
      const waitsOn = using(users, from);
      return { state: waitsOn.length === 0 ? "oldUnused" : "active", waitsOn };
    }
    case "revoked":
      return { state: "revoked", waitsOn: stillReading(users, from) };
    default:
      return unreachable(stage);
  }
}

/** Those that serve and cannot read the version, or do not say that they can. */
export function lacking(users: readonly SecretUser[], version: string): readonly Waiting[] {
  return users.flatMap((user): Waiting[] => {
    if (!user.serves || reads(user, version)) return [];
    return [waiting(user, user.report === undefined ? "silent" : "lacks")];
  });
}

/** Those that use the version or may, for all that is known. A cluster that serves nobody counts only when it says so. */
export function using(users: readonly SecretUser[], version: string): readonly Waiting[] {
  return users.flatMap((user): Waiting[] => {
    const used = usedVersion(user);
    if (used === version) return [waiting(user, "uses")];
    if (!user.serves || used !== undefined) return [];
    if (user.report === undefined) return [waiting(user, "silent")];
    return reads(user, version) ? [waiting(user, "unclear")] : [];
  });
}

function stillReading(users: readonly SecretUser[], version: string): readonly Waiting[] {
  return users.flatMap((user) => (reads(user, version) ? [waiting(user, "reads")] : []));
}

function waiting({ cluster, region }: SecretUser, because: Waiting["because"]): Waiting {
  return { cluster, region, because };
}

const WORDS: Readonly<Record<Waiting["because"], string>> = {
  lacks: "has not got it",
  uses: "still uses it",
  reads: "can still read it",
  unclear: "does not say which version it uses",
  silent: "does not report",
};

/** `ap-south has not got it (ap-south-blue, ap-south-green); us-east does not report (us-east-blue)`. */
export function describeWaiting(waitsOn: readonly Waiting[]): string {
  const groups = groupBy(waitsOn, ({ region, because }) => `${region} ${WORDS[because]}`);
  return [...groups].map(([what, ones]) => `${what} (${ones.map(({ cluster }) => cluster).join(", ")})`).join("; ");
}

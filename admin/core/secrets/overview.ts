/**
 * Every secret of every service as people look at it: which version is to be used, who uses and reads which, how far a
 * rotation is and whom it waits for, and how old the version in use is. Names and version ids, nothing else.
 */

import { parseDuration } from "../../../config/duration.ts";
import { groupBy } from "../../../config/group.ts";
import { compareText, sortedBy } from "../../../config/order.ts";
import type { SecretRotation } from "../../../config/overlays.ts";
import type { Declared } from "../drift/declared.ts";
import type { Statuses } from "../status/statuses.ts";
import { type RotationProgress, rotationProgress } from "./progress.ts";
import { covers, type SecretUser, secretUsers, usedVersion } from "./users.ts";

/** When a secret should be on the agenda: four fifths of its time leave a fifth to rotate it in. */
const AGE_WARNING_SHARE = 0.8;

export type SecretAge =
  /** Nobody has said how old a secret may become, or nobody reports to use it. */
  | { readonly state: "unlimited" | "unknown"; readonly ageMs?: number }
  | { readonly state: "fine" | "due" | "overdue"; readonly ageMs: number; readonly ageMsMax: number };

export type SecretView = {
  readonly secret: string;
  readonly service: string;
  /** To be used; several only where documents declare several. */
  readonly wanted: readonly string[];
  readonly versions: readonly {
    readonly version: string;
    readonly usedBy: readonly string[];
    readonly readBy: readonly string[];
  }[];
  /** Clusters that say nothing of their secrets. */
  readonly silent: readonly string[];
  readonly rotation?: Rotating & RotationProgress;
  readonly age: SecretAge;
};

type Rotating = Pick<SecretRotation, "from" | "to" | "stage" | "compromised" | "createdAtMs" | "author" | "reason">;

export type SecretUse = { readonly service: string; readonly secret: string; readonly version: string };

/** When a version was first reported to be in use. */
export type FirstUse = (use: SecretUse) => number | undefined;

export function secretViews(
  declared: Declared,
  statuses: Statuses,
  { firstUse, nowMs }: { readonly firstUse: FirstUse; readonly nowMs: number },
): readonly SecretView[] {
  return sortedBy(scopesOf(declared), ({ secret, service }) => `${secret}/${service}`).map((scope) => {
    const { secret, service } = scope;
    const users = secretUsers(scope.declared, statuses, scope);
    const wanted = distinct(users.map((user) => user.wanted));
    const firstUsed = wanted.flatMap((version) => firstUse({ service, secret, version }) ?? []);
    const rotation = declared.rotations
      .filter((one) => covers(one, { secret, service }))
      .sort((a, b) => b.createdAtMs - a.createdAtMs)[0];
    return {
      ...{ secret, service, wanted, versions: versionsOf(users) },
      silent: users.filter(({ report }) => report === undefined).map(({ cluster }) => cluster),
      ...(rotation === undefined ? {} : { rotation: { ...rotating(rotation), ...rotationProgress(rotation, users) } }),
      age: ageOf(firstUsed, declared.policy?.secrets?.maxAge, nowMs),
    };
  });
}

type Scope = { readonly secret: string; readonly service: string; readonly declared: Declared };

/** Each beside the clusters of its service alone, so that all of them together look at a cluster once for each secret. */
function scopesOf(declared: Declared): readonly Scope[] {
  return [...groupBy(declared.clusters, ({ service }) => service)].flatMap(([service, clusters]) => {
    const names = distinct(clusters.flatMap(({ reports }) => (reports?.secrets ?? []).map(({ name }) => name)));
    return names.map((secret) => ({ secret, service, declared: { ...declared, clusters } }));
  });
}

function versionsOf(users: readonly SecretUser[]): SecretView["versions"] {
  const versions = distinct(users.flatMap(({ report }) => report?.versions ?? []));
  return versions.map((version) => ({
    version,
    usedBy: users.filter((user) => usedVersion(user) === version).map(({ cluster }) => cluster),
    readBy: users.filter(({ report }) => report?.versions.includes(version)).map(({ cluster }) => cluster),
  }));
}

function rotating({ from, to, stage, compromised, createdAtMs, author, reason }: SecretRotation): Rotating {
  return {
    ...{ from, stage, createdAtMs, author, reason },
    ...(to === undefined ? {} : { to }),
    ...(compromised === undefined ? {} : { compromised }),
  };
}

/** By the version that has been in use for longest: it is the one that should have gone. */
function ageOf(firstUsedMs: readonly number[], maxAge: string | undefined, nowMs: number): SecretAge {
  const ageMsMax = maxAge === undefined ? undefined : parseDuration(maxAge);
  if (firstUsedMs.length === 0) return { state: "unknown" };
  const ageMs = nowMs - Math.min(...firstUsedMs);
  if (ageMsMax === undefined) return { state: "unlimited", ageMs };
  const due = ageMs >= ageMsMax * AGE_WARNING_SHARE;
  return { state: ageMs >= ageMsMax ? "overdue" : due ? "due" : "fine", ageMs, ageMsMax };
}

/** Versions that are in use, and those that are to be, for whoever remembers since when they are. */
export function usesOf(
  declared: Declared,
  statuses: Statuses,
): { readonly used: readonly SecretUse[]; readonly wanted: readonly SecretUse[] } {
  const uses = scopesOf(declared).map(({ secret, service, declared: some }) => {
    const users = secretUsers(some, statuses, { secret, service });
    const use = (version: string): SecretUse => ({ service, secret, version });
    return {
      used: distinct(users.flatMap((user) => usedVersion(user) ?? [])).map(use),
      wanted: distinct(users.map((user) => user.wanted)).map(use),
    };
  });
  return { used: uses.flatMap(({ used }) => used), wanted: uses.flatMap(({ wanted }) => wanted) };
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort(compareText);
}

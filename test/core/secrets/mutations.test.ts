/** What each step of a rotation makes of the state, and which steps there are not. */
import { describe, expect, test } from "vitest";
import { may, type Role } from "../../../admin/core/authority/principal.ts";
import { actionOf, type SingleMutation } from "../../../admin/core/changes/mutation.ts";
import { propose } from "../../../admin/core/changes/propose.ts";
import type { FleetState } from "../../../admin/core/changes/state.ts";
import { directionOf } from "../../../admin/core/commit/direction.ts";
import { cluster, type Json, NOW_MS, rotation, service, stateOf } from "../safety/world.ts";
import { secretWorld } from "./world.ts";

const CONTEXT = { author: "mia", manager: "people", nowMs: NOW_MS, development: false, past: () => undefined };
const WHY = { reason: "the quarterly rotation" };

const introduced = rotation({});
const active = rotation({ stage: "active" });
const revoked = rotation({ stage: "revoked" });
const leaked = rotation({ compromised: true });
const alone = { ...rotation({ compromised: true }), to: undefined };

function rotate(version?: string, stage: "introduced" | "active" = "active"): SingleMutation {
  return { kind: "rotateSecret", secret: "db", stage, ...(version === undefined ? {} : { version }), ...WHY };
}
function other(kind: "revokeSecret" | "compromiseSecret", version?: string): SingleMutation {
  return { kind, secret: "db", ...(version === undefined ? {} : { version }), ...WHY };
}
const revoke = (version?: string) => other("revokeSecret", version);
const compromise = (version?: string) => other("compromiseSecret", version);

const state = (live: Json | undefined, documents: readonly Json[] = secretWorld()): FleetState =>
  stateOf(documents, live === undefined ? [] : [withoutUndefined(live)]);

function withoutUndefined(json: Json): Json {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined));
}

/** `v1 > v2 active`, with `!` when it is urgent; `same` when nothing changes, `gone` when there is no rotation left. */
function outcome(before: FleetState, mutation: SingleMutation): string {
  const proposal = propose(before, mutation, CONTEXT);
  if (!proposal.ok) return `${proposal.error.code} ${proposal.error.errors?.[0]?.code}`;
  if (proposal.value.overlays === before.overlays) return "same";
  const [left] = proposal.value.overlays;
  if (left?.kind !== "secretRotation") return "gone";
  return `${left.from} > ${left.to ?? "-"} ${left.stage}${left.compromised === true ? "!" : ""}`;
}

// biome-ignore format: a table reads in columns
test.each<[string, Json | undefined, SingleMutation, string]>([
  // before                  live         asked                         after
  ["nothing",                undefined,   rotate("v2", "introduced"),   "v1 > v2 introduced"],
  ["nothing",                undefined,   rotate("v2"),                 "v1 > v2 active"],
  ["nothing",                undefined,   rotate("v1"),                 "same"],
  ["nothing",                undefined,   rotate(),                     "secretInvalid secret.versionMissing"],
  ["nothing",                undefined,   revoke(),                     "secretInvalid secret.noRotation"],
  ["nothing",                undefined,   compromise(),                 "v1 > - introduced!"],
  ["nothing",                undefined,   compromise("v9"),             "secretInvalid secret.versionUnknown"],
  ["introduced",             introduced,  rotate(),                     "v1 > v2 active"],
  ["introduced",             introduced,  rotate("v2"),                 "v1 > v2 active"],
  ["introduced",             introduced,  rotate("v3", "introduced"),   "v1 > v3 introduced"],
  ["introduced",             introduced,  revoke("v2"),                 "gone"],
  ["introduced",             introduced,  revoke(),                     "secretInvalid secret.inUse"],
  ["introduced",             introduced,  revoke("v9"),                 "secretInvalid secret.notOld"],
  ["introduced",             introduced,  compromise(),                 "v1 > v2 introduced!"],
  ["introduced",             introduced,  compromise("v2"),             "secretInvalid secret.versionUnknown"],
  ["active",                 active,      rotate(),                     "same"],
  ["active",                 active,      rotate("v2", "introduced"),   "same"],
  ["active",                 active,      rotate("v1"),                 "v2 > v1 active"],
  ["active",                 active,      rotate("v3"),                 "secretInvalid secret.unfinished"],
  ["active",                 active,      revoke(),                     "v1 > v2 revoked"],
  ["active",                 active,      revoke("v2"),                 "secretInvalid secret.notOld"],
  ["active",                 active,      compromise("v1"),             "v1 > v2 active!"],
  ["active",                 active,      compromise(),                 "v2 > - introduced!"],
  ["revoked",                revoked,     revoke(),                     "same"],
  ["revoked",                revoked,     rotate("v3", "introduced"),   "v2 > v3 introduced"],
  ["revoked",                revoked,     compromise("v1"),             "same"],
  ["revoked",                revoked,     compromise(),                 "v2 > - introduced!"],
  ["compromised",            leaked,      compromise(),                 "same"],
  ["compromised",            leaked,      rotate(),                     "v1 > v2 active!"],
  ["compromised",            leaked,      revoke(),                     "v1 > v2 revoked!"],
  ["compromised",            leaked,      revoke("v2"),                 "v1 > - introduced!"],
  ["compromised and alone",  alone,       rotate("v2", "introduced"),   "v1 > v2 introduced!"],
  ["compromised and alone",  alone,       rotate("v1"),                 "same"],
  ["compromised and alone",  alone,       revoke(),                     "secretInvalid secret.inUse"],
  ["active, old one leaked", rotation({ stage: "active", compromised: true }), rotate("v1"), "secretInvalid secret.compromised"],
])("%s: %j, asked %j, comes to %s", (_, live, mutation, expected) => {
  expect(outcome(state(live), mutation)).toBe(expected);
});

describe("scopes", () => {
  const accounts = cluster("accounts", { service: "accounts", reports: { secrets: [{ name: "db", version: "v7" }] } });
  const documents = [...secretWorld(), service("accounts"), accounts];
  const inWeb = (mutation: SingleMutation): SingleMutation => ({ ...mutation, service: "web" }) as SingleMutation;

  // biome-ignore format: a table reads in columns
  test.each<[string, Json | undefined, SingleMutation, string]>([
    ["services that use different versions",  undefined,                    rotate("v8"),          "secretInvalid secret.ambiguous"],
    ["one of them",                           undefined,                    inWeb(rotate("v2")),   "v1 > v2 active"],
    ["one that is being rotated with others", rotation({}),                 inWeb(rotate("v2")),   "secretInvalid secret.overlap"],
    ["all while one is being rotated",        rotation({ service: "web" }), rotate("v2"),          "secretInvalid secret.overlap"],
  ])("%s", (_, live, mutation, expected) => {
    expect(outcome(state(live, documents), mutation)).toBe(expected);
  });

  test.each([
    ["bd", undefined, "secretUnknown secret.unknown"],
    ["db", "wed", "secretUnknown service.unknown"],
  ])("the secret %s of the service %s: %s", (secret, name, expected) => {
    const mutation = { ...rotate("v2"), secret, ...(name === undefined ? {} : { service: name }) } as SingleMutation;
    expect(outcome(state(undefined), mutation)).toBe(expected);
  });
});

describe("ownership", () => {
  const ofCi = state(rotation({ managedBy: "ci" }));

  test("what a pipeline began, people move only when they say so", () => {
    expect(outcome(ofCi, rotate())).toBe("managedByOther managedBy.other");
    expect(outcome(ofCi, { ...rotate(), takeOver: true } as SingleMutation)).toBe("v1 > v2 active");
  });

  test("that a secret is out anybody may say", () => {
    expect(outcome(ofCi, compromise())).toBe("v1 > v2 introduced!");
  });
});

describe("documents", () => {
  const apply = (version: string, before: FleetState) => {
    const documents = secretWorld(
      Object.fromEntries(
        ["eu-web", "us-web", "ap-web"].map((name) => [name, { reports: { secrets: [{ name: "db", version }] } }]),
      ),
    );
    const proposal = propose(before, { kind: "apply", documents }, CONTEXT);
    return proposal.ok && proposal.value.overlays.length;
  };

  // biome-ignore format: a table reads in columns
  test.each([
    // live       documents now say  rotations left
    [introduced,  "v2",              1],
    [active,      "v2",              1],
    [revoked,     "v1",              1],
    [revoked,     "v2",              0],
    [revoked,     "v3",              0],
  ])("with %j and documents at %s", (live, version, left) => {
    expect(apply(version, state(live))).toBe(left);
  });
});

test("restoring a past revision does not take back what became of secrets", () => {
  const before = state(revoked);
  const past = () => ({ documents: before.documents, fleet: before.fleet, overlays: state(introduced).overlays });
  const restore = { kind: "restore", revision: 3, overlays: "restore", ...WHY } as const;
  const proposal = propose(before, restore, { ...CONTEXT, past });
  expect(proposal.ok && proposal.value.overlays).toEqual(before.overlays);
});

// biome-ignore format: a table reads in columns
test.each<[Role, boolean, boolean, boolean]>([
  // role         rotate  revoke  compromised
  ["viewer",      false,  false,  false],
  ["responder",   false,  false,  true],
  ["operator",    true,   true,   true],
  ["approver",    false,  false,  false],
  ["admin",       true,   true,   true],
])("%s", (role, ...allowed) => {
  const asked = [rotate("v2"), revoke(), compromise()].map((mutation) => may({ roles: [role] }, actionOf(mutation)));
  expect(asked).toEqual(allowed);
});

// biome-ignore format: a table reads in columns
test.each<[SingleMutation, Json | undefined, string]>([
  [compromise(),  undefined,   "safe"],
  [rotate("v2"),  undefined,   "change"],
  [rotate(),      introduced,  "change"],
  [rotate(),      leaked,      "safe"],
  [revoke(),      leaked,      "safe"],
])("%j with %j is %s", (mutation, live, direction) => {
  expect(directionOf(mutation, state(live).overlays)).toBe(direction);
});

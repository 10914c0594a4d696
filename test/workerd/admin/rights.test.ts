/** Who may do what, as the API enforces it; DESIGN's table of roles is `admin/core/authority/principal.ts`. */
import { reset } from "cloudflare:test";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { leaves, storedRows } from "./fleet-object.ts";
import { type Answer, as, get, send, smallFleet } from "./support.ts";

beforeAll(async () => {
  vi.spyOn(console, "log").mockReturnValue();
  await send("PUT", "/v1/fleet", { documents: [...smallFleet(), FLAG] });
});

afterAll(async () => {
  vi.restoreAllMocks();
  await reset();
});

const FLAG = {
  ...{ apiVersion: "fairlead.dev/v1", kind: "Flag", metadata: { name: "beta" } },
  spec: { state: "DISABLED", variants: { on: true, off: false }, defaultVariant: "on" },
};

const why = { reason: "test" };
const SHIFT = { route: "web", rule: "europe", weights: { "eu-west": 50 }, ...why };
const DRAIN = { kind: "drain", target: { kind: "region", name: "eu-west" }, ...why };

const NAMES = ["viewer", "responder", "operator", "maintainer", "approver", "auditor", "admin"] as const;

/** `token` is the admin. */
function askAs(name: (typeof NAMES)[number], method: string, path: string, body?: object): Promise<Answer> {
  const headers = name === "admin" ? {} : as(name);
  return body === undefined ? get(path, headers) : send(method, path, body, headers);
}

// Who may is written in the order of NAMES, a letter of each name; a dash is a 403.
// biome-ignore format: a table reads in columns
const CHANGES = [
  // action              path                                 body                                       vrompua
  ["fleet.apply",       "PUT /v1/fleet",                      { documents: smallFleet() },               "---m--a"],
  ["weights.shift",     "PATCH /v1/weights",                  SHIFT,                                     "--om--a"],
  ["region.drain",      "POST /v1/regions/eu-west/drain",     why,                                       "-rom--a"],
  ["region.undrain",    "POST /v1/regions/eu-west/undrain",   why,                                       "--om--a"],
  ["cluster.drain",     "POST /v1/clusters/eu-west-blue/drain", why,                                     "-rom--a"],
  ["cluster.undrain",   "POST /v1/clusters/eu-west-blue/undrain", why,                                   "--om--a"],
  ["flag.switch",       "POST /v1/flags/beta/switch",         { state: "ENABLED", ...why },              "--om--a"],
  ["flag.release",      "POST /v1/flags/beta/release",        why,                                       "--om--a"],
  ["freeze.set",        "POST /v1/freezes",                   { name: "quiet", ...why },                 "-rom--a"],
  ["freeze.lift",       "POST /v1/freezes/quiet/lift",        why,                                       "--om--a"],
  ["override.set",      "POST /v1/overrides",                 { name: "x", rules: ["stepMax"], ...why }, "------a"],
  ["override.lift",     "POST /v1/overrides/x/lift",          why,                                       "------a"],
  ["revision.restore",  "POST /v1/revisions/1/restore",       why,                                       "--om--a"],
  ["batch.commit",      "POST /v1/batch",                     { mutations: [DRAIN], ...why },            "--om--a"],
] as const;

// biome-ignore format: a table reads in columns
const DUTIES = [
  // duty                path                                 body                                       vrompua
  ["approve",           "POST /v1/approvals/none/approve",    why,                                       "----p-a"],
  ["approve",           "POST /v1/approvals/none/reject",     why,                                       "----p-a"],
  ["incident.open",     "POST /v1/incidents",                 { severity: 3, title: "x", ...why },       "-rom--a"],
  ["incident.close",    "POST /v1/incidents/none/close",      why,                                       "--om--a"],
  ["debugToken.issue",  "POST /v1/debug-tokens",              why,                                       "--om--a"],
  ["alert.acknowledge", "POST /v1/alerts/none/acknowledge",   why,                                       "-rom--a"],
  ["webhook.test",      "POST /v1/webhooks/none/test",        why,                                       "--om--a"],
  ["webhook.replay",    "POST /v1/webhooks/deliveries/none/replay", why,                                 "--om--a"],
  ["webhook.secret",    "POST /v1/webhooks/none/secret",      why,                                       "---m--a"],
  ["audit.erase",       `POST /v1/audit/subjects/sha256:${"0".repeat(64)}/erase`, why,                     "------a"],
  ["backup.restore",    "POST /v1/backup/restore",            {},                                        "------a"],
] as const;

const allowed = (initials: string) => NAMES.filter((_, index) => initials[index] !== "-");

test.each(CHANGES)("%s (%s) with %j is for %s", async (action, request, body, initials) => {
  const [method = "", path = ""] = request.split(" ");
  const before = await storedRows();
  for (const name of NAMES) {
    const answer = await askAs(name, method, `${path}?dryRun=true`, body);
    expect(answer.status === 403, name).toBe(!allowed(initials).includes(name));
    if (answer.status !== 403) continue;
    expect(answer.body).toMatchObject({ code: "forbidden", missing: expect.arrayContaining([action]) });
    expect(answer.body.detail).toContain(name);
  }
  expect(await storedRows()).toEqual(before);
  expect(refusedTo(await leaves(NAMES.length))).toEqual(NAMES.filter((name) => !allowed(initials).includes(name)));
  for (const leaf of await leaves(NAMES.length)) expect(leaf).toMatchObject({ action });
});

test.each(DUTIES)("%s (%s) with %j is for %s", async (duty, request, body, initials) => {
  const [method = "", path = ""] = request.split(" ");
  for (const name of NAMES) {
    const answer = await askAs(name, method, path, body);
    expect(answer.status === 403, name).toBe(!allowed(initials).includes(name));
    if (answer.status === 403) expect(answer.body).toMatchObject({ code: "forbidden", missing: [duty] });
  }
  expect(refusedTo(await leaves(NAMES.length))).toEqual(NAMES.filter((name) => !allowed(initials).includes(name)));
});

// biome-ignore format: a table reads in columns
test.each([
  // path                    vrompua
  ["/v1/fleet",             "vrompua"],
  ["/v1/revisions",         "vrompua"],
  ["/v1/approvals",         "vrompua"],
  ["/v1/incidents",         "vrompua"],
  ["/v1/audit",             "-----ua"],
  ["/v1/audit/0",           "-----ua"],
  ["/v1/audit/export",      "-----ua"],
  ["/v1/backup",            "-----ua"],
])("GET %s is for %s", async (path, initials) => {
  for (const name of NAMES) {
    const { status } = await askAs(name, "GET", path);
    expect(status, name).toBe(allowed(initials).includes(name) ? 200 : 403);
  }
});

describe("a batch", () => {
  const apply = { kind: "apply", documents: smallFleet() };
  const glass = { kind: "override", name: "glass", rules: ["stepMax"], ...why };

  test.each([
    ["responder", [DRAIN], ["batch.commit"]],
    ["operator", [DRAIN, apply], ["fleet.apply"]],
    ["operator", [glass, apply, DRAIN], ["override.set", "fleet.apply"]],
    ["maintainer", [apply, glass], ["override.set"]],
  ] as const)("as %s of %j lacks %j", async (name, mutations, missing) => {
    const answer = await send("POST", "/v1/batch", { mutations, ...why }, as(name));
    expect(answer.body).toMatchObject({ status: 403, code: "forbidden", missing });
    expect((await get("/v1/fleet")).body.revision).toBe(1);
  });
});

test("anybody who may read may ask what would happen", async () => {
  for (const name of NAMES)
    expect((await askAs(name, "POST", "/v1/simulate", { mutations: [DRAIN] })).status).toBe(200);
});

test("who may not is told so before anything else: not what is wrong with the precondition or the change", async () => {
  const answer = await send("POST", "/v1/regions/nowhere/undrain", why, { ...as("viewer"), "if-match": '"stale"' });
  expect(answer.body.code).toBe("forbidden");
});

/** Oldest first: the names behind the leaves that say `forbidden`. */
function refusedTo(found: readonly { readonly name: string; readonly problem?: string; readonly outcome: string }[]) {
  return found
    .filter(({ outcome, problem }) => outcome === "refused" && problem === "forbidden")
    .map(({ name }) => (name === "token" ? "admin" : name))
    .reverse();
}

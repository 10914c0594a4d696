/** Every write leaves exactly one leaf that says what came of it, whoever asked for whatever; reads leave none. */
import { describe, expect, test, vi } from "vitest";
import { Tally } from "../../../admin/http/tally.ts";
import { BODY_BYTES_MAX } from "../../../config/limits.ts";
import { leaves, quietInStoppedTime, ringAfter } from "./fleet-object.ts";
import type { PrincipalName } from "./principals.ts";
import { type Answer, as, ask, get, POLICY, send, smallFleet, TOKEN } from "./support.ts";

quietInStoppedTime();

const FLAG = {
  ...{ apiVersion: "fairlead.dev/v1", kind: "Flag", metadata: { name: "beta" } },
  spec: { state: "DISABLED", variants: { on: true, off: false }, defaultVariant: "on" },
};
/** Flags need a second person here. */
const CAREFUL = { ...POLICY, spec: { ...POLICY.spec, approvals: [{ actions: ["flag.switch"], approvals: 1 }] } };
const FLEET = [...smallFleet().filter((document) => document !== POLICY), CAREFUL, FLAG];

const shift = (weight: number, headers = {}) =>
  send(
    "PATCH",
    "/v1/weights",
    { route: "web", rule: "europe", weights: { "eu-west": weight }, reason: "canary" },
    headers,
  );
const post = (path: string, body: object = {}, headers = {}) =>
  send("POST", path, { reason: "test", ...body }, headers);
const raw = (method: string, path: string, body: BodyInit, headers: Readonly<Record<string, string>> = {}) =>
  ask(path, {
    method,
    headers: { ...as("ci"), "content-type": "application/json", "if-match": "*", ...headers },
    body,
  });

/** The ids that one story needs of another; each row waits for those before it. */
const known: { approval?: string; rejected?: string; incident?: string; plan?: string } = {};

type Row = readonly [
  what: string,
  ask: () => Promise<Answer>,
  status: number,
  leaf: string,
  name?: PrincipalName | "token",
];

// biome-ignore format: a table reads in columns
const ROWS: readonly Row[] = [
  // Done
  ["documents", () => send("PUT", "/v1/fleet", { documents: FLEET }), 200, "fleet.apply committed", "token"],
  ["a shift", () => shift(50, { ...as("operator"), "idempotency-key": "k" }), 200, "weights.shift committed", "operator"],
  ["the same again", () => shift(50, as("operator")), 200, "weights.shift unchanged", "operator"],
  ["a repetition", () => shift(50, { ...as("operator"), "idempotency-key": "k" }), 200, "weights.shift replayed", "operator"],
  ["a plan", () => post("/v1/regions/eu-west/drain?dryRun=true"), 200, "region.drain planned"],
  ["a drain", () => post("/v1/regions/eu-west/drain", { expiresIn: "1m" }, as("responder")), 200, "region.drain committed", "responder"],
  ["a batch", () => post("/v1/batch", { mutations: [{ kind: "freeze", name: "n", routes: ["web"], reason: "x" }] }), 200, "batch.commit committed"],
  ["a lift", () => post("/v1/freezes/n/lift"), 200, "freeze.lift committed"],
  ["a restore", () => post("/v1/revisions/1/restore"), 200, "revision.restore unchanged"],
  // With a second person
  ["a switch", () => post("/v1/flags/beta/switch", { state: "ENABLED" }), 202, "flag.switch pending"],
  ["another", () => post("/v1/flags/beta/switch", { state: "ENABLED", expiresIn: "1h" }), 202, "flag.switch pending"],
  ["the author's yes", () => post(`${known.approval}/approve`), 403, "approval.approve refused approvalOwn"],
  ["a yes without the right", () => post(`${known.approval}/approve`, {}, as("viewer")), 403, "approval.approve refused forbidden", "viewer"],
  ["a yes", () => post(`${known.approval}/approve`, {}, as("approver")), 200, "approval.approve committed", "approver"],
  ["a yes too late", () => post(`${known.approval}/approve`, {}, as("second")), 409, "approval.approve refused approvalClosed", "second"],
  ["a no", () => post(`${known.rejected}/reject`, {}, as("approver")), 200, "approval.reject done", "approver"],
  ["a yes to nothing", () => post("/v1/approvals/none/approve"), 404, "approval.approve refused approvalUnknown"],
  // Refused by what is so
  ["no precondition", () => raw("PATCH", "/v1/weights", JSON.stringify({ route: "web", rule: "europe", weights: { "eu-west": 1 }, reason: "x" }), { "if-match": "" }), 428, "weights.shift refused preconditionRequired", "ci"],
  ["a stale one", () => shift(1, { "if-match": '"stale"' }), 412, "weights.shift refused preconditionFailed"],
  ["a stale plan", () => shift(1, { "fairlead-plan": "0".repeat(64) }), 409, "weights.shift refused planStale"],
  ["another's key", () => shift(1, { ...as("operator"), "idempotency-key": "k" }), 422, "weights.shift refused idempotencyMismatch", "operator"],
  ["another's shift", () => shift(1, as("ci")), 409, "weights.shift refused managedByOther", "ci"],
  ["a missing right", () => shift(1, as("viewer")), 403, "weights.shift refused forbidden", "viewer"],
  ["a rule", () => post("/v1/regions/us-east/drain"), 409, "region.drain refused ruleDenied"],
  ["an unknown region", () => post("/v1/regions/nowhere/drain"), 404, "region.drain refused regionUnknown"],
  ["an unknown revision", () => post("/v1/revisions/99/restore"), 404, "revision.restore refused revisionUnknown"],
  ["unsound documents", () => send("PUT", "/v1/fleet", { documents: [{}] }), 422, "fleet.apply refused documentsInvalid"],
  ["a cleared overlay", () => send("PUT", "/v1/fleet", { documents: FLEET, clear: ["freeze/n"] }), 422, "fleet.apply refused clearInvalid"],
  // Refused by its shape
  ["no JSON", () => raw("POST", "/v1/batch", "{"), 400, "request.refused refused bodyMalformed", "ci"],
  ["an unknown field", () => post("/v1/freezes", { name: "n", region: "x" }), 422, "request.refused refused bodyInvalid"],
  ["another type", () => raw("PUT", "/v1/fleet", "a: 1", { "content-type": "text/yaml" }), 415, "request.refused refused contentTypeUnsupported", "ci"],
  ["too much", () => raw("PUT", "/v1/fleet", " ".repeat(BODY_BYTES_MAX + 1)), 413, "request.refused refused bodyTooLarge", "ci"],
  ["an unknown parameter", () => post("/v1/regions/eu-west/drain?dryrun=true"), 400, "request.refused refused parameterInvalid"],
  ["a key that is none", () => shift(1, { "idempotency-key": "a b" }), 400, "request.refused refused parameterInvalid"],
  ["no such address", () => post("/v1/nothing"), 404, "request.refused refused notFound"],
  ["no such method", () => raw("DELETE", "/v1/fleet", ""), 405, "request.refused refused methodNotAllowed", "ci"],
  ["a question that is none", () => send("POST", "/v1/simulate", { mutation: [] }), 422, "request.refused refused bodyInvalid"],
  // Beside the fleet
  ["an incident", () => post("/v1/incidents", { severity: 3, title: "red" }), 200, "incident.open done"],
  ["its end", () => post(`/v1/incidents/${known.incident}/close`), 200, "incident.close done"],
  ["its end again", () => post(`/v1/incidents/${known.incident}/close`), 409, "incident.close refused incidentClosed"],
  ["a debug token", () => post("/v1/debug-tokens"), 200, "debugToken.issue done"],
  ["none for a viewer", () => post("/v1/debug-tokens", {}, as("viewer")), 403, "debugToken.issue refused forbidden", "viewer"],
  ["forgetting nobody", () => post(`/v1/audit/subjects/sha256:${"0".repeat(64)}/erase`), 404, "audit.erase refused auditUnknown"],
  ["a backup", () => get("/v1/backup", as("auditor")), 200, "backup.export done", "auditor"],
  ["a backup on top", () => raw("POST", "/v1/backup/restore", "", { ...as("ci") }), 403, "request.refused refused forbidden", "ci"],
  ["a backup that is none", () => raw("POST", "/v1/backup/restore", "x", { authorization: `Bearer ${TOKEN}`, "content-type": "application/x-ndjson" }), 422, "request.refused refused backupInvalid"],
  // Reads
  ["the fleet", () => get("/v1/fleet"), 200, ""],
  ["an address", () => get("/v1/nothing"), 404, ""],
  ["what may not be read", () => get("/v1/audit", as("viewer")), 403, ""],
  ["a question", () => send("POST", "/v1/simulate", {}), 200, ""],
  ["a question about nothing", () => send("POST", "/v1/simulate", { revision: 99 }), 404, ""],
];

type Leaf = {
  readonly request: string;
  readonly action: string;
  readonly outcome: string;
  readonly problem?: string;
  readonly name?: string;
  readonly requests?: number;
};

/** Fifty requests, one after the other. */
const STORY_MS_MAX = 30_000;

test("each request has its leaf, with its id and what came of it", { timeout: STORY_MS_MAX }, async () => {
  const asked: { readonly what: string; readonly id: string; readonly leaf: string; readonly name: string }[] = [];
  for (const [what, request, status, leaf, name = "token"] of ROWS) {
    const answer = await request();
    expect([what, answer.status]).toEqual([what, status]);
    asked.push({ what, id: answer.headers.get("x-request-id") ?? "", leaf, name });
    if (what === "a switch") known.approval = answer.body.approval.href;
    if (what === "another") known.rejected = answer.body.approval.href;
    if (what === "an incident") known.incident = answer.body.id;
  }
  const found: readonly Leaf[] = (await leaves()).toReversed();
  const said = ({ action, outcome, problem }: Leaf) => [action, outcome, problem].filter(Boolean).join(" ");
  for (const { what, id, leaf, name } of asked) {
    const its = found.filter(({ request }) => request === id);
    expect([what, ...its.map((one) => `${said(one)} by ${one.name}`)]).toEqual([
      what,
      ...(leaf === "" ? [] : [`${leaf} by ${name}`]),
    ]);
  }
  expect(found).toHaveLength(asked.filter(({ leaf }) => leaf !== "").length);

  // What an answer says of its leaf is where it is.
  const { body } = await post("/v1/regions/nowhere/drain");
  expect((await leaves(1))[0].index).toBe(body.audit.index);
});

test("what the control plane does by itself has one, too", async () => {
  await send("PUT", "/v1/fleet", { documents: FLEET });
  await post("/v1/regions/eu-west/drain", { expiresIn: "1m" });
  await ringAfter(60_000);
  await ringAfter(60_000);
  expect(await leaves()).toMatchObject([
    { action: "fairlead.expire", outcome: "committed", request: "alarm", name: "fairlead", actor: { kind: "system" } },
    { action: "region.drain" },
    { action: "fleet.apply" },
  ]);
});

describe("what many may send", () => {
  test("a refused token is told at once, and those that follow in one sum", async () => {
    await send("PUT", "/v1/fleet", { documents: FLEET });
    let closeWindow = () => {};
    vi.spyOn(scheduler, "wait").mockImplementation(() => new Promise<void>((resolve) => (closeWindow = resolve)));
    const tries = [{}, { authorization: "Bearer wrong" }, { authorization: "Basic eDp5" }, {}, {}];
    const ids: (string | null)[] = [];
    for (const headers of tries) ids.push((await ask("/v1/fleet", { headers })).headers.get("x-request-id"));
    const refused = { action: "token.refused", outcome: "refused", problem: "unauthenticated" };
    const nobody = { actor: { subject: "nobody", kind: "unauthenticated", roles: [] } };
    await vi.waitFor(async () =>
      expect(await leaves()).toMatchObject([{ ...refused, ...nobody, request: ids[0], requests: 1 }, {}]),
    );
    expect(await leaves()).toHaveLength(2);
    closeWindow();
    await vi.waitFor(async () =>
      expect(await leaves()).toMatchObject([{ ...refused, ...nobody, requests: 4 }, { requests: 1 }, {}]),
    );
    expect((await leaves(1))[0].name).toBeUndefined();
  });

  test("is summed up window by window, and nothing is told of an empty one", async () => {
    const told: number[] = [];
    const tally = new Tally(20);
    const count = () => tally.count((requests) => Promise.resolve(told.push(requests)));
    await Promise.all([count(), count(), count()]);
    expect(told).toEqual([1, 2]);
    await count();
    await scheduler.wait(40);
    expect(told).toEqual([1, 2, 1]);
    await Promise.all([count(), count()]);
    expect(told).toEqual([1, 2, 1, 1, 1]);
  });
});

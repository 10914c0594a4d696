/** What the preflight command prints, read as prose: does it say what is wrong, where, and what to do? */

import { expect, test } from "vitest";
import * as z from "zod/mini";
import type { FleetState } from "../../admin/core/changes/state.ts";
import type { Compiler, World } from "../../admin/core/commit/consider.ts";
import { demandOf } from "../../admin/core/plan/demand.ts";
import { capacitiesOf, project, settledHealth } from "../../admin/core/plan/project.ts";
import { preflightDocuments } from "../../admin/core/preflight/proposed.ts";
import { ClusterStatus } from "../../config/cluster-status.ts";
import { compile } from "../../config/compile.ts";
import { Revision } from "../../config/ids.ts";
import { Overlay } from "../../config/overlays.ts";
import { readFleet } from "../../config/read-fleet.ts";
import { loadFleetFolder } from "../../scripts/lib/fleet-folder.ts";
import { type Ask, answered, type PreflightQuestion } from "../../scripts/lib/preflight/ask.ts";
import { preflightCommand } from "../../scripts/lib/preflight/command.ts";

const NOW_MS = 10_000_000;
const FLEET = "test/golden/preflight-fleet";
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

/** The fleet of the folder in force, on a day on which much is wrong. */
const state = inForce(loadFleetFolder(FLEET).inputs);
const statuses = [
  {
    ...{ cluster: "eu-west-checkout", version: "3.9.0", platform: "linux/amd64", compliance: ["pci"] },
    secrets: [{ name: "psp", versions: ["v2"], active: "v2" }],
    compatibility: { schema: ">=42 <44" },
  },
  {
    cluster: "eu-west-cart",
    version: "3.4.0",
    imageDigest: digest("d"),
    compatibility: { peers: { checkout: ">=3" } },
  },
].map((status) => z.parse(ClusterStatus, { atMs: NOW_MS, ...status }));

const world: World = {
  nowMs: NOW_MS,
  health: new Map([["eu-west-checkout", "unhealthy"]]),
  statuses: new Map(statuses.map((status) => [status.cluster, status])),
  recentChanges: () => [],
  incidents: [],
  demand: demandOf({ recorded: undefined, policy: state.fleet.policy?.spec }),
};

const compiler: Compiler = {
  snapshotOf,
  projectionOf: (of, { demand, health }) =>
    project({ snapshot: snapshotOf(of), demand, health: settledHealth(health), capacities: capacitiesOf(of.fleet) })
      .projection,
};

function inForce(inputs: readonly unknown[]): FleetState {
  const { fleet, documents } = readFleet(inputs, { environment: "production", development: false });
  const freeze = { kind: "freeze", name: "sale", routes: ["cart"], expiresAtMs: NOW_MS + 3_600_000 };
  const overlays = [z.parse(Overlay, { ...freeze, author: "ops", reason: "Black Friday", createdAtMs: 0 })];
  return { environment: "production", revision: 7, documents, fleet, overlays };
}

function snapshotOf({ fleet, overlays, environment }: FleetState) {
  return compile({ fleet, overlays, environment, revision: Revision.parse(7) });
}

/** A control plane that needs no network. */
const plane =
  (questions: PreflightQuestion[] = []): Ask =>
  async (question) => {
    questions.push(question);
    const { documents, ...scope } = question.body;
    const answer = preflightDocuments({ state, documents, scope, world, compiler, development: false });
    if (answer.ok) return answered(200, JSON.parse(JSON.stringify(answer.value)));
    return answered(422, { title: "The preflight cannot be asked for like that", ...answer.error });
  };

const DEPS = { env: { FAIRLEAD_TOKEN: "secret-token" }, cwd: process.cwd(), version: "1.2.3" };
const ADMIN = ["--admin", "https://admin.example.com"];

const run = (args: readonly string[], ask: Ask = plane()) => preflightCommand(args, { ...DEPS, ask });

test("to a fleet with everything wrong, and to parts of it", async () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, args: readonly string[]])[] = [
    ["everything",                          [FLEET]],
    ["one service",                         [FLEET, "--service", "cart"]],
    ["one cluster of one service",          [FLEET, "--service", "checkout", "--cluster", "us-east-checkout"]],
    ["one cluster, with warnings",          [FLEET, "--cluster", "us-east-shadow"]],
    ["the same, strictly",                  [FLEET, "--cluster", "us-east-shadow", "--strict"]],
    ["a name that is not there",            [FLEET, "--service", "chekcout"]],
    ["endpoints, refused by name",          ["test/golden/preflight-endpoints"]],
    ["texts that cannot be read",           ["test/golden/preflight-broken"]],
    ["a folder that is not there",          ["no/such/folder"]],
  ];
  let transcript = "";
  for (const [what, args] of rows) {
    const { code, stdout, stderr } = await run([...args, ...ADMIN]);
    transcript += `# ${what}\n$ preflight ${args.join(" ")}\n${stdout}${stderr}exit ${code}\n\n`;
  }
  await expect(transcript).toMatchFileSnapshot("preflight.golden.txt");
});

const report = (errors: number, warnings: number): Ask => {
  const finding = { code: "new.code", path: "/documents/0", sentence: "It is so.", fix: "Do something." };
  const findings = [
    ...Array.from({ length: errors }, () => ({ ...finding, severity: "error" })),
    ...Array.from({ length: warnings }, () => ({ ...finding, severity: "warning" })),
  ];
  const summary = { errors, warnings, leftOut: 0, services: 1, clusters: 1, complete: true };
  return async () => answered(200, { ok: errors === 0, findings, summary });
};
const problem = { title: "No", detail: "It is not.", code: "x" };

// biome-ignore format: a table reads in columns
test.each<[string, Ask, readonly string[], number]>([
  ["nothing found",                      report(0, 0),                          [],            0],
  ["nothing found, strictly",            report(0, 0),                          ["--strict"],  0],
  ["warnings",                           report(0, 2),                          [],            0],
  ["warnings, strictly",                 report(0, 2),                          ["--strict"],  2],
  ["errors",                             report(1, 0),                          [],            1],
  ["errors and warnings, strictly",      report(1, 2),                          ["--strict"],  1],
  ["a question that is refused",         async () => answered(422, problem),    [],            64],
  ["a token that is not known",          async () => answered(401, problem),    [],            77],
  ["a token that may not",               async () => answered(403, problem),    [],            77],
  ["a control plane in trouble",         async () => answered(503, problem),    [],            69],
  ["something else at that address",     async () => answered(200, { ok: 1 }),  [],            69],
  ["nothing at that address",            async () => ({ kind: "unreachable", because: "connection refused" }), [], 69],
])("%s: exit code", async (_, ask, args, code) => {
  const outcome = await run([FLEET, ...ADMIN, ...args], ask);
  expect(outcome.code).toBe(code);
  expect([outcome.stdout === "", outcome.stderr === ""]).toEqual(code >= 64 ? [true, false] : [false, true]);
  if (code >= 64) return;
  const sarif = JSON.parse((await run([FLEET, ...ADMIN, ...args, "--format", "sarif"], ask)).stdout);
  expect(sarif.runs[0].invocations).toEqual([{ executionSuccessful: true, exitCode: code }]);
});

test.each([
  [[]],
  [ADMIN],
  [[FLEET]],
  [[FLEET, "other", ...ADMIN]],
  [[FLEET, ...ADMIN, "--format", "xml"]],
  [[FLEET, ...ADMIN, "--nonsense"]],
  [[FLEET, ...ADMIN, "--token-env", "NO_SUCH_VARIABLE"]],
  [[FLEET, "--admin", "http://admin.example.com"]],
  [[FLEET, "--admin", "https://admin.example.com/v1"]],
  [[FLEET, "--admin", "https://user@admin.example.com"]],
  [[FLEET, "--admin", "nonsense"]],
])("%j is not understood, and nobody is asked", async (args) => {
  const questions: PreflightQuestion[] = [];
  const { code, stdout, stderr } = await run(args, plane(questions));
  expect([code, stdout, questions]).toEqual([64, "", []]);
  expect(stderr).toMatch(/\n\nusage: npm run preflight/);
  expect(stderr).not.toContain("secret-token");
});

test("the documents, what is asked about and the token go to the control plane, over http only on this machine", async () => {
  const questions: PreflightQuestion[] = [];
  await run(
    [FLEET, "--admin", "http://127.0.0.1:8788/", "--service", "cart", "--cluster", "eu-west-cart"],
    plane(questions),
  );
  const [question] = questions;
  expect(question).toMatchObject({ admin: "http://127.0.0.1:8788", token: "secret-token" });
  expect(question?.body).toEqual({
    documents: loadFleetFolder(FLEET).inputs,
    ...{ services: ["cart"], clusters: ["eu-west-cart"] },
  });
});

test("as JSON, each finding with its file", async () => {
  const { stdout } = await run([FLEET, ...ADMIN, "--format", "json"]);
  const { ok, findings } = JSON.parse(stdout);
  expect(ok).toBe(false);
  expect(findings.find(({ code }: { readonly code: string }) => code === "image.notPinned")).toMatchObject({
    ...{ file: "clusters.yaml", line: 38, document: "Cluster/us-east-checkout" },
    path: expect.stringMatching(/^\/documents\/\d+\/spec\/clusters\/1\/values\/image$/),
  });
});

test("as SARIF, with files as a code host names them, and codes that are not known here", async () => {
  const { code, stdout } = await run([FLEET, ...ADMIN, "--format", "sarif"]);
  const [sarif] = JSON.parse(stdout).runs;
  expect(code).toBe(1);
  expect(sarif.tool.driver.semanticVersion).toBe("1.2.3");
  const pinned = sarif.results.find(({ ruleId }: { readonly ruleId: string }) => ruleId === "image.notPinned");
  expect(pinned.locations[0].physicalLocation).toEqual({
    artifactLocation: { uri: "test/golden/preflight-fleet/clusters.yaml" },
    region: { startLine: 38, startColumn: expect.any(Number) },
  });
  const unknown = JSON.parse((await run([FLEET, ...ADMIN, "--format", "sarif"], report(1, 0))).stdout).runs[0];
  expect(unknown.tool.driver.rules).toMatchObject([{ id: "new.code", help: { text: "Do something." } }]);
});

test("help says how to use it, and what the exit codes mean", async () => {
  const { code, stdout } = await run(["--help"]);
  expect(code).toBe(0);
  for (const exit of [0, 1, 2, 64, 69, 77]) expect(stdout).toMatch(new RegExp(`^ +${exit}  `, "m"));
});

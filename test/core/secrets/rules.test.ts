/** The two safety rules about secrets: nothing is cut over that a cluster cannot read, nothing revoked that one uses. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { secretPresence, secretUse } from "../../../admin/core/safety/rules/secrets.ts";
import { type Json, rotation, stateOf } from "../safety/world.ts";
import { secretWorld, statusesOf } from "./world.ts";

const introduced = rotation({});
const active = rotation({ stage: "active" });
const revoked = rotation({ stage: "revoked" });

type Step = readonly [Json | undefined, Json | undefined];

function change([before, after]: Step, reports: Readonly<Record<string, string>> | undefined) {
  const state = (live: Json | undefined) => stateOf(secretWorld(), live === undefined ? [] : [live]);
  const statuses = reports === undefined ? undefined : statusesOf(reports);
  return { before: state(before), after: state(after), statuses };
}

const all = (text: string) => ({ "eu-web": text, "us-web": text, "ap-web": text });

// biome-ignore format: a table reads in columns
test.each<[string, Step, Readonly<Record<string, string>>, string, string]>([
  // step                     from, to                   reports                              presence        use
  ["introducing",             [undefined, introduced],   all("v1"),                           "notEvaluated", "notEvaluated"],
  ["cutting over",            [introduced, active],      all("v1* v2"),                       "pass",         "notEvaluated"],
  ["cutting over",            [introduced, active],      { ...all("v1* v2"), "ap-web": "v1" }, "deny",        "notEvaluated"],
  ["cutting over",            [introduced, active],      { ...all("v1* v2"), "ap-web": "-" }, "deny",         "notEvaluated"],
  ["cutting over at once",    [undefined, active],       all("v1* v2"),                       "pass",         "notEvaluated"],
  ["going back",              [active, rotation({ from: "v2", to: "v1", stage: "active" })], all("v1 v2*"), "pass", "notEvaluated"],
  ["going back too late",     [active, rotation({ from: "v2", to: "v1", stage: "active" })], all("v2"), "deny", "notEvaluated"],
  ["revoking",                [active, revoked],         all("v1 v2*"),                       "notEvaluated", "pass"],
  ["revoking",                [active, revoked],         { ...all("v2"), "us-web": "v1* v2" }, "notEvaluated", "deny"],
  ["revoking",                [active, revoked],         { ...all("v2"), "us-web": "-" },     "notEvaluated", "deny"],
  ["revoking in a hurry",     [rotation({ compromised: true }), rotation({ stage: "revoked", compromised: true })], all("v1* v2"), "pass", "warn"],
  ["revoking in a hurry",     [rotation({ compromised: true }), rotation({ stage: "revoked", compromised: true })], { ...all("v1* v2"), "eu-web": "v1" }, "deny", "warn"],
  ["giving up",               [introduced, undefined],   all("v1* v2"),                       "notEvaluated", "pass"],
  ["giving up what is used",  [introduced, undefined],   { ...all("v1* v2"), "eu-web": "v1 v2*" }, "notEvaluated", "deny"],
  ["clearing after the cut",  [active, undefined],       all("v2"),                           "deny",         "notEvaluated"],
  ["nothing about secrets",   [active, active],          all("-"),                            "notEvaluated", "notEvaluated"],
])("%s: %j", (_, step, reports, presence, use) => {
  const input = change(step, reports);
  expect([secretPresence(input).outcome, secretUse(input).outcome]).toEqual([presence, use]);
});

test("a refusal names regions and clusters in words and for programs", () => {
  const verdict = secretPresence(change([introduced, active], { ...all("v1* v2"), "ap-web": "v1", "us-web": "-" }));
  expect(verdict.sentence).toBe(
    "The secret db cannot be cut over to v2 before every cluster that serves can read it: ap has not got it (ap-web); us does not report (us-web).",
  );
  expect(verdict.numbers).toEqual({
    ...{ secrets: ["db"], versions: ["v2"], regions: ["ap", "us"], clusters: ["ap-web", "us-web"] },
  });
});

test("not to know what anybody reports is said, and refuses", () => {
  const verdict = secretPresence(change([introduced, active], undefined));
  expect(verdict.outcome).toBe("deny");
  expect(verdict.sentence).toContain("What clusters report cannot be read at the moment.");
});

describe("whatever clusters report", () => {
  const report = fc.constantFrom("-", "?", "none", "v1", "v2", "v1* v2", "v1 v2*", "v1 v2");
  const reports = fc.record({ "eu-web": report, "us-web": report, "ap-web": report });

  test("a cut-over that passes is one that every cluster can follow", () => {
    fc.assert(
      fc.property(reports, (told) => {
        const { outcome } = secretPresence(change([introduced, active], told));
        expect(outcome).toBe(Object.values(told).every((text) => text.includes("v2")) ? "pass" : "deny");
      }),
    );
  });

  test("a version whose revocation passes is used by none that can still read it", () => {
    fc.assert(
      fc.property(reports, (told) => {
        const { outcome } = secretUse(change([active, revoked], told));
        const free = Object.values(told).every((text) => ["none", "v2", "v1 v2*"].includes(text));
        expect(outcome).toBe(free ? "pass" : "deny");
      }),
    );
  });
});

/** Ids of versions that stores of secrets give, and values that must never be taken for one. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { readFleet } from "../../../config/read-fleet.ts";
import { SecretVersion } from "../../../config/secret-version.ts";
import { cluster, findingsOf, PRODUCTION, soundBut } from "./fixtures.ts";

test.each([
  "v1",
  "7",
  "2026-11-01",
  "2026-11-01T12:00:00Z",
  "prod-session-key-version-12",
  "session.key.2026.11.01.build.1234",
  "projects/1234567890/secrets/db/versions/17",
  "a1b2c3d4-5678-90ab-cdef-1234567890ab", // AWS Secrets Manager
  "4387e9f3d6e14c459867679a90fd0f79", // Azure Key Vault
  "AWSCURRENT",
  "ReleaseCandidate2",
  "Release-2026-11-01-Candidate-7-of-Session-Key",
  "x".repeat(64),
])("%s is an id", (version) => {
  expect(SecretVersion.safeParse(version).success).toBe(true);
});

test.each([
  ["", "empty"],
  ["x".repeat(65), "too long"],
  ["sk_live_51H8xYzQ2mNvB7cD9eF", "a key of Stripe"],
  ["ghp_16C7e42F292c6912E7710c838347Ae178B4a", "a token of GitHub"],
  ["AKIAIOSFODNN7EXAMPLE", "a key of AWS"],
  ["wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "its secret, without slashes"],
  ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "its secret"],
  ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.x", "a JSON Web Token"],
  ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "40 hex digits"],
  ["kJ8dQ2xV9mN4bT7wY3cZ6pL1sR5gH0aF", "random letters and digits"],
  ["aGVsbG8gd29ybGQgc2VjcmV0Cg==", "base64 with padding"],
  ["Tr0ub4dor&3", "a password"],
  ["postgres://app:hunter2@db/shop", "a URL with a password"],
  ["two words", "a phrase"],
  ["-----BEGIN", "the beginning of a key file"],
])("%s is no id: %s", (version) => {
  expect(SecretVersion.safeParse(version).success).toBe(false);
});

/** Base64url may have no digit, and hyphens that cut it into short runs; a sign that caught it would catch names as well. */
test.each([
  ["base64", 0],
  ["base64url", 5],
] as const)("32 random bytes in %s are taken for an id %i times in 10,000 at the most", (coding, timesMax) => {
  const texts = Array.from({ length: 10_000 }, (_, seed) => createHash("sha256").update(`seed ${seed}`).digest(coding));
  expect(texts.filter((text) => SecretVersion.safeParse(text).success).length).toBeLessThanOrEqual(timesMax);
});

test("a document with a value in the place of an id is refused, and what it says is not shown", () => {
  const value = "kJ8dQ2xV9mN4bT7wY3cZ6pL1sR5gH0aF";
  const inputs = soundBut(cluster("eu-web", { reports: { secrets: [{ name: "db", version: value }] } }));
  expect(findingsOf(inputs)).toEqual(["field.format 3/spec/reports/secrets/0/version"]);
  const { findings } = readFleet(inputs, PRODUCTION);
  expect(findings[0]?.message).toBe(
    '"version" looks like the value of a secret: give the id of its version, such as v2, 7 or a UUID',
  );
});

test("a secret is named once", () => {
  const secrets = [
    { name: "db", version: "v1" },
    { name: "db", version: "v2" },
  ];
  expect(findingsOf(soundBut(cluster("eu-web", { reports: { secrets } })))).toEqual([
    "field.format 3/spec/reports/secrets",
  ]);
});

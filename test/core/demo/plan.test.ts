import { expect, test } from "vitest";
import { readFleet } from "../../../config/read-fleet.ts";
import { planDemo, portsOf } from "../../../scripts/demo/plan.ts";

test("six servers, in their places above the port base", () => {
  const { edgePort, adminPort, servers } = planDemo(9000);
  expect([edgePort, adminPort]).toEqual([9000, 9001]);
  expect(
    servers.map(({ name, region, version, port, controlPort }) => [name, region, version, port, controlPort]),
  ).toEqual([
    ["ap-south-blue", "ap-south", "1.4.0", 9104, 9204],
    ["ap-south-green", "ap-south", "1.5.0", 9105, 9205],
    ["eu-west-blue", "eu-west", "1.4.0", 9100, 9200],
    ["eu-west-green", "eu-west", "1.5.0", 9101, 9201],
    ["us-east-blue", "us-east", "1.4.0", 9102, 9202],
    ["us-east-green", "us-east", "1.5.0", 9103, 9203],
  ]);
});

test("no port is wanted twice, and none lies outside", () => {
  const ports = portsOf(planDemo(65_000));
  expect(new Set(ports).size).toBe(ports.length);
  expect(Math.max(...ports)).toBeLessThan(65_536);
});

test("every cluster of the snapshot has a server", () => {
  const { snapshot, servers } = planDemo(8787);
  const served = new Set(servers.map(({ port }) => `http://127.0.0.1:${port}`));
  expect(snapshot.clusters.filter(({ endpoint }) => !served.has(endpoint))).toEqual([]);
});

test("every server reports what its document declares, and signs with the key that stands there", () => {
  const { documents, servers } = planDemo(8787, "a secret");
  const { fleet, findings } = readFleet(documents, { environment: "demo", development: true });
  expect(findings.filter(({ code }) => code.startsWith("statusKey"))).toEqual([]);
  for (const { name, report, statusKey } of servers) {
    const spec = fleet.clusters.find(({ metadata }) => metadata.name === name)?.spec;
    expect(report).toMatchObject({ version: spec?.reports?.version, imageDigest: spec?.reports?.imageDigest });
    expect(report?.secrets?.map((secret) => [secret.name, secret.active])).toEqual(
      spec?.reports?.secrets?.map((secret) => [secret.name, secret.version]),
    );
    expect(statusKey?.publicKey).toBe(spec?.statusKey);
  }
});

test("keys are the same after a restart, and others on another machine", () => {
  expect(planDemo(8787, "a").digest).toBe(planDemo(8787, "a").digest);
  expect(planDemo(8787, "a").digest).not.toBe(planDemo(8787, "b").digest);
});

test("the digest is that of the fleet: the same again, another on other ports", () => {
  expect(planDemo(8787).digest).toBe(planDemo(8787).digest);
  expect(planDemo(8787).digest).not.toBe(planDemo(8997).digest);
});

test("the environment is labelled with what it came to, so that a new form of snapshot makes a new revision", () => {
  const labelled = planDemo(8787).documents.filter((document) => JSON.stringify(document).includes('"snapshot":'));
  expect(labelled).toMatchObject([
    { kind: "Environment", metadata: { name: "demo", labels: { snapshot: expect.stringMatching(/^[0-9a-f]{12}$/) } } },
  ]);
});

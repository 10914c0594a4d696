/** `npm start` as a command: what it refuses, what it leaves behind, and that it starts again where it stopped. */
import { statSync } from "node:fs";
import net from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { devStatePath, readDevState } from "../../scripts/lib/dev-state.ts";
import { busyPorts } from "../../scripts/lib/ports.ts";
import { DemoClient } from "./client.ts";
import { type DemoProcess, freePortBase, runStart, startDemoProcess, temporaryFolder } from "./demo.ts";
import { runInShell } from "./shell.ts";

const { folder, remove } = temporaryFolder();
afterAll(remove);

describe("refuses to start", () => {
  test("with an option that does not exist, and shows those that do", async () => {
    const { code, output } = await runStart(["--trafic"]);
    expect(code).toBe(64);
    expect(output).toContain("--trafic");
    expect(output).toContain("Usage: npm start");
    expect(output).not.toMatch(/^\s+at /m);
  });

  test("on a port that somebody has, and names it", async () => {
    const portBase = await freePortBase();
    const taken = net.createServer();
    await new Promise<void>((resolve) => taken.listen(portBase + 203, "127.0.0.1", resolve));
    const { code, output } = await runStart(["--port-base", String(portBase), "--state", `${folder}/taken`]);
    await new Promise((resolve) => taken.close(resolve));
    expect(code).toBe(1);
    expect(output).toContain(`port ${portBase + 203} is taken`);
    expect(output).not.toMatch(/^\s+at /m);
  });
});

describe("a start", () => {
  const stateFolder = `${folder}/state`;
  let demo: DemoProcess;
  beforeAll(async () => {
    demo = await startDemoProcess({ stateFolder });
  });
  afterAll(() => demo.stop());

  test("writes dev.json for tools, for its owner only", () => {
    const { portBase } = demo;
    const url = (offset: number) => `http://127.0.0.1:${portBase + offset}`;
    const cluster = (index: number) => ({ url: url(100 + index), control: url(200 + index) });
    expect(readDevState(stateFolder)).toMatchObject({
      edge: url(0),
      admin: url(1),
      token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      clusters: {
        "eu-west-blue": cluster(0),
        "eu-west-green": cluster(1),
        "us-east-blue": cluster(2),
        "us-east-green": cluster(3),
        "ap-south-blue": cluster(4),
        "ap-south-green": cluster(5),
      },
    });
    expect(statSync(devStatePath(stateFolder)).mode & 0o777).toBe(0o600);
  });

  test("is ready in less than a minute, says where to look, and writes no warning", () => {
    const output = demo.output();
    expect(Number(/Ready after ([\d.]+) s/.exec(output)?.[1])).toBeLessThan(60);
    expect(output).toContain(demo.state.edge);
    expect(output).toContain(demo.state.admin);
    expect(output).not.toMatch(/warn|error/i);
  });

  test("prints four commands that do what they say, as they stand", async () => {
    const commands = demo.output().match(/^ {2}curl (.*\\\n)*.*$/gm) ?? [];
    const answers: string[] = [];
    for (const command of commands) answers.push(await runInShell(command));
    const [asked = "", drained = "", explained = "", undrained = "", ...more] = answers;
    expect(more).toEqual([]);
    expect(JSON.parse(asked)).toMatchObject({ region: "eu-west" });
    expect(JSON.parse(drained)).toMatchObject({ outcome: { kind: "drain", target: { name: "eu-west" } } });
    expect(JSON.parse(explained)).toHaveProperty("sentences");
    expect(JSON.parse(explained).reasons).toContainEqual(
      expect.objectContaining({ region: "eu-west", code: "region.removed" }),
    );
    expect(JSON.parse(undrained)).toMatchObject({ outcome: { kind: "undrain", target: { name: "eu-west" } } });
  });

  test("keeps the secret out of what it prints", () => {
    expect(demo.output()).not.toContain(demo.state.token);
  });

  test("refuses a second one on the same state", async () => {
    const { code, output } = await runStart(["--port-base", String(await freePortBase()), "--state", stateFolder]);
    expect(code).toBe(1);
    expect(output).toContain(`already runs on ${stateFolder}`);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "ends at %s with success, gives its ports back, and goes on later",
    async (signal) => {
      const client = new DemoClient(demo.state);
      const drained = await client.admin("POST", "/v1/regions/us-east/drain", { mode: "immediate", reason: signal });
      expect(drained.status).toBe(200);
      await expect.poll(() => client.regionOf("US"), { timeout: 3_000 }).not.toBe("us-east");
      const { token } = demo.state;
      const before = await client.admin("GET", "/v1/fleet");

      expect((await demo.stop(signal)).code).toBe(0);
      expect(await busyPorts([demo.portBase, demo.portBase + 1, demo.portBase + 100, demo.portBase + 200])).toEqual([]);

      demo = await startDemoProcess({ stateFolder, portBase: demo.portBase });
      expect(demo.state.token).toBe(token);
      const again = new DemoClient(demo.state);
      expect((await again.admin("GET", "/v1/fleet")).body.revision).toBe(before.body.revision);
      await expect.poll(() => again.regionOf("US"), { timeout: 3_000 }).not.toBe("us-east");
      await again.admin("POST", "/v1/regions/us-east/undrain", { reason: "as before" });
    },
  );
});

test("sends visitors and shows the table when not told otherwise", async () => {
  const demo = await startDemoProcess({ stateFolder: `${folder}/traffic`, args: [] });
  try {
    await expect.poll(demo.output, { timeout: 20_000, interval: 200 }).toMatch(/all +\d+ +\d+% +\d+% +\d+% +-\n/);
    expect(demo.output()).toContain("CN China");
    expect(demo.output()).toMatch(/revision 1 · \d+\.\d requests\/s/);
    expect(demo.output()).not.toContain("\x1b");
  } finally {
    expect((await demo.stop("SIGINT")).code).toBe(0);
  }
});

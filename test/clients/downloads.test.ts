/** A download that breaks off in the middle is seen to be cut, and is resumed through the edge: byte for byte. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Edge, startEdge } from "../faults/edge-harness.ts";
import { type FaultProxy, startFaultProxy } from "../faults/fault-proxy.ts";
import { patientSnapshot } from "../faults/fleets.ts";
import { type DownloadServer, startDownloadServer } from "./download-server.ts";
import { DOWNLOADERS } from "./downloaders.ts";

const FILE_BYTES = 5_000_000;
const CUT_AFTER_BYTES = 2_000_000;

const folder = mkdtempSync(path.join(tmpdir(), "fairlead-download-"));
const content = randomBytes(FILE_BYTES);
let server: DownloadServer;
let proxy: FaultProxy;
let edge: Edge;

beforeAll(async () => {
  server = await startDownloadServer(content);
  proxy = await startFaultProxy({ upstreamPort: server.port, seed: 1 });
  edge = await startEdge({ snapshot: patientSnapshot(proxy.url) });
});
afterAll(async () => {
  await edge.dispose();
  await proxy.dispose();
  await server.dispose();
  rmSync(folder, { recursive: true });
});

test.each(DOWNLOADERS)("$name goes on where it was cut", async ({ name, download }) => {
  const file = path.join(folder, name.replaceAll(" ", "-"));
  await proxy.setFault({ kind: "truncate", contentBytes: CUT_AFTER_BYTES });
  await expect(download(`${edge.url}/film.mp4`, file)).rejects.toThrow();
  const cutBytes = statSync(file).size;
  expect(cutBytes).toBeGreaterThan(0);
  expect(cutBytes).toBeLessThanOrEqual(CUT_AFTER_BYTES);

  await proxy.setFault({ kind: "pass" });
  await download(`${edge.url}/film.mp4`, file);
  expect(readFileSync(file).equals(content)).toBe(true);
  expect(server.requests().at(-1)).toMatchObject({ range: `bytes=${cutBytes}-`, status: 206 });
});

/** What every isolate of the edge loads before its first request, and what must not be in it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bundle, bundleWorker } from "../../scripts/lib/build.ts";

/** Loading is part of a cold request; at 53 KiB it is a few milliseconds. Traces and redaction are six of them, flags four. */
const GZIP_BYTES_MAX = 53 * 1024;

const folder = mkdtempSync(path.join(tmpdir(), "fairlead-bundle-"));
const outfile = path.join(folder, "edge.js");
let bundle: Bundle;

beforeAll(async () => {
  bundle = await bundleWorker({ entry: "worker/index.ts", outfile, minify: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

test("the edge is below 53 KiB, compressed", () => {
  expect(bundle.gzipBytes).toBeLessThan(GZIP_BYTES_MAX);
});

test("no classic zod, no locales but the default one, nothing of documents or of the admin Worker", () => {
  const inputs = Object.values(bundle.metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  expect(inputs).toContain("worker/handle.ts");
  expect(
    inputs.filter((file) =>
      /zod\/(v3|v4\/classic)|\/locales\/(?!en\.)|hono|^admin\/|^scripts\/|^config\/(documents|policy)\.ts/.test(file),
    ),
  ).toEqual([]);
});

test("no code made from text, which workerd refuses while it serves", () => {
  const code = readFileSync(outfile, "utf8");
  expect(code).not.toMatch(/\beval\(/);
  expect(code).not.toMatch(/new Function\(/);
});

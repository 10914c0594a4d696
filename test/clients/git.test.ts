/** git over smart HTTP through the edge: long uploads without a length, compressed requests, answers that stream. */
import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Edge, startEdge } from "../faults/edge-harness.ts";
import { patientSnapshot } from "../faults/fleets.ts";
import { type GitServer, startGitServer } from "./git-server.ts";

/** More than git's `http.postBuffer` of 1 MiB: it then sends chunks and no length. */
const FILE_BYTES = 3_000_000;

/** Enough commits that what git says it has is worth compressing, from its point of view. */
const COMMITS = 60;

const folder = mkdtempSync(path.join(tmpdir(), "fairlead-git-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Nothing of the machine's or its owner's configuration takes part. */
const GIT_ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: folder,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.com",
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.com",
};

async function git(workFolder: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)("git", args, { cwd: workFolder, env: GIT_ENVIRONMENT })).stdout.trim();
}

/** As `git`, on a date: commits of one second are told apart by nothing, and a fetch then asks about any of them first. */
async function commitOn(seconds: number, workFolder: string, subject: string): Promise<void> {
  const date = `${seconds} +0000`;
  const env = { ...GIT_ENVIRONMENT, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const options = ["commit", "--quiet", "--allow-empty", "-m", subject];
  await promisify(execFile)("git", options, { cwd: workFolder, env });
}

/** Whoever checked the project out has git; on a machine that was given the files alone there is nothing to ask. */
const hasGit = spawnSync("git", ["--version"]).status === 0;

describe.runIf(hasGit)("git", () => {
  const served = path.join(folder, "served");
  let server: GitServer;
  let edge: Edge;

  beforeAll(async () => {
    mkdirSync(served);
    await git(folder, "init", "--bare", "--initial-branch=main", path.join(served, "shop.git"));
    server = await startGitServer(served);
    edge = await startEdge({ snapshot: patientSnapshot(server.url) });
  });
  afterAll(async () => {
    await edge.dispose();
    await server.dispose();
  });

  test("clones, pushes and fetches through the edge, byte for byte", async () => {
    const address = `${edge.url}/shop.git`;
    const [first, second] = [path.join(folder, "first"), path.join(folder, "second")];
    const content = randomBytes(FILE_BYTES);

    await git(folder, "clone", "--quiet", address, first);
    writeFileSync(path.join(first, "stock.bin"), content);
    await git(first, "add", ".");
    await git(first, "commit", "--quiet", "-m", "Take stock");
    await git(first, "push", "--quiet", "origin", "HEAD:main");

    await git(folder, "clone", "--quiet", address, second);
    expect(readFileSync(path.join(second, "stock.bin")).equals(content)).toBe(true);
    for (let i = 0; i < COMMITS; i++) await git(second, "commit", "--quiet", "--allow-empty", "-m", `Sale ${i}`);
    await git(second, "push", "--quiet", "origin", "HEAD:main");

    await git(first, "pull", "--quiet", "--ff-only", "origin", "main");
    expect(await git(first, "rev-parse", "HEAD")).toBe(await git(second, "rev-parse", "HEAD"));

    // Whoever has commits of their own says so at length when they fetch.
    const later = Math.floor(Date.now() / 1_000) + 1_000;
    for (let i = 0; i < COMMITS; i++) await commitOn(later + i, second, `Draft ${i}`);
    await git(first, "commit", "--quiet", "--allow-empty", "-m", "Restock");
    await git(first, "push", "--quiet", "origin", "HEAD:main");
    await git(second, "fetch", "--quiet", "origin");
    expect(await git(second, "rev-parse", "origin/main")).toBe(await git(first, "rev-parse", "HEAD"));
    expect(await git(first, "fsck", "--full", "--strict")).toBe("");

    const posts = server.requests().filter(({ method }) => method === "POST");
    expect(posts.filter(({ transferEncoding }) => transferEncoding === "chunked").length).toBeGreaterThan(0);
    expect(posts.filter(({ contentEncoding }) => contentEncoding === "gzip").length).toBeGreaterThan(0);
  });

  test("clones a part, by a protocol that the client names in a header", async () => {
    const shallow = path.join(folder, "shallow");
    await git(folder, "-c", "protocol.version=2", "clone", "--quiet", "--depth=1", `${edge.url}/shop.git`, shallow);
    expect(await git(shallow, "rev-list", "--count", "HEAD")).toBe("1");
  });
});

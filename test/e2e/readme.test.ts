/** README's walk, run as it stands: only ports and state folder are put in the place of the defaults. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { useDemo } from "./demo.ts";
import { runInShell } from "./shell.ts";

const demo = useDemo();

/** The default that README is written for. */
const README_PORT_BASE = 8787;

function readmeCommands(): string[] {
  const readme = readFileSync("README.md", "utf8");
  return [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? "");
}

/** A marker line before each block tells the outputs apart; the shell is one, so that variables stay set. */
async function runInOneShell(blocks: readonly string[]): Promise<string[]> {
  const script = blocks
    .map((block) => `printf '\\n### next\\n'\n${block}`)
    .join("")
    .replaceAll(/127\.0\.0\.1:(\d+)/g, (_, port) => `127.0.0.1:${Number(port) - README_PORT_BASE + demo().portBase}`)
    .replaceAll(".fairlead/", `${path.resolve(demo().stateFolder)}/`);
  const stdout = await runInShell(script);
  return stdout.split("\n### next\n").slice(1);
}

test("the walk does what README says", { timeout: 120_000 }, async () => {
  const outputs = await runInOneShell(readmeCommands());
  const answers = outputs.map((output) => output.trim());
  expect(answers).toEqual([
    "", // the token and the address
    expect.stringContaining('"region":"eu-west"'),
    expect.stringContaining("pass: us-east gets 25% more of web/europe"), // the plan
    expect.stringContaining('"us-east"'), // the shift
    expect.stringContaining("eu-west"), // the drain
    expect.stringMatching(/"region":"(us-east|ap-south)"/),
    expect.stringContaining("eu-west"), // the explanation names the region that is drained
    expect.stringContaining("eu-west"), // the undrain
    expect.stringMatching(/"cluster":"(us-east-green|eu-west-\w+|ap-south-\w+)"/), // whoever, but not the one that is down
    expect.stringContaining("healthy for most; down for apac"),
    expect.stringMatching(/eu-west-blue reports the image digest [\s\S]* error drift\.imageDigest [\s\S]*exit code 1$/),
    expect.stringMatching(/ap-south has not got it .* eu-west has not got it .* us-east has not got it/),
    expect.stringMatching(/the drain was only a try[\s\S]*p99 of [a-z-]+: [\d.]+ ms, \d+ requests[\s\S]* changes$/),
    expect.stringMatching(/"reason":"SPLIT".*"variant":"(on|off)"|"variant":"(on|off)".*"reason":"SPLIT"/), // a flag
    expect.stringContaining('"kind":"restore"'),
    expect.stringMatching(/^fine: \d+ leaves/), // the audit log
  ]);
  for (const answer of answers) expect(answer).not.toContain("/problems/");
});

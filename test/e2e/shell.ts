/** Runs commands as a person would paste them. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** The output of one `sh`; throws when a command of it fails. The machine's own curl is used when it has one. */
export async function runInShell(script: string): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), "fairlead-bin-"));
  try {
    const standIn = path.join(import.meta.dirname, "curl.ts");
    writeFileSync(path.join(folder, "curl"), `#!/bin/sh\nexec "${process.execPath}" "${standIn}" "$@"\n`, {
      mode: 0o755,
    });
    // After the machine's own folders: found only when there is no other.
    const env = { ...process.env, PATH: `${process.env.PATH}:${folder}` };
    return (await promisify(execFile)("sh", ["-eu", "-c", script], { env })).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

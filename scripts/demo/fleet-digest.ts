/**
 * Which demo fleet `npm start` put into the control plane last. Without it a restart could not tell a fleet that
 * somebody changed through the API, which must stay, from one that is old, which must go.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Undefined before the first start. */
export function readFleetDigest(stateFolder: string): string | undefined {
  try {
    return readFileSync(fileIn(stateFolder), "utf8").trim();
  } catch {
    return undefined; // unreadable is as good as absent: the fleet is put again, which changes nothing if it is the same
  }
}

export function writeFleetDigest(stateFolder: string, digest: string): void {
  mkdirSync(stateFolder, { recursive: true });
  writeFileSync(fileIn(stateFolder), `${digest}\n`);
}

function fileIn(stateFolder: string): string {
  return path.join(stateFolder, "demo-fleet.digest");
}

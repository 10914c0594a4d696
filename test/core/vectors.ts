/**
 * Published tables as JSON, when FAIRLEAD_VECTORS names the folder that holds them. The suite carries its own copy of
 * the numbers with their sources, so that it proves the same without the folder; with it, every row is run.
 */
import { readFileSync } from "node:fs";
import path from "node:path";

/** The parsed file, or undefined when no folder is named. A folder that lacks the file is an error, not a skip. */
export function readVectors<T>(file: string): T | undefined {
  const folder = process.env.FAIRLEAD_VECTORS;
  if (folder === undefined || folder === "") return undefined;
  return JSON.parse(readFileSync(path.join(folder, file), "utf8")) as T; // each test states the shape it reads
}

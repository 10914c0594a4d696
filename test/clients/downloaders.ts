/**
 * Programs that download a file and go on where an earlier try was cut. One is Node's own HTTP client and always there;
 * wget is used where the machine has it.
 */
import { execFile, spawnSync } from "node:child_process";
import { createWriteStream, existsSync, statSync } from "node:fs";
import http, { type IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { ETAG } from "./download-server.ts";

export type Downloader = {
  readonly name: string;
  /** Appends to what the file has already. Rejects when it was cut; what has come by then is in the file. */
  readonly download: (url: string, file: string) => Promise<void>;
};

const NODE: Downloader = {
  name: "Node's http client",
  download: async (url, file) => {
    const have = existsSync(file) ? statSync(file).size : 0;
    const response = await get(url, have === 0 ? {} : { range: `bytes=${have}-`, "if-range": ETAG });
    // Flag "w" when the server sends all of it again.
    await pipeline(response, createWriteStream(file, { flags: response.statusCode === 206 ? "a" : "w" }));
  },
};

const WGET: Downloader = {
  name: "wget",
  download: async (url, file) => {
    await promisify(execFile)("wget", [
      "--no-config",
      "--no-proxy",
      "--tries=1",
      "--quiet",
      "--continue",
      `-O${file}`,
      url,
    ]);
  },
};

export const DOWNLOADERS: readonly Downloader[] = hasWget() ? [NODE, WGET] : [NODE];

function hasWget(): boolean {
  const { status, stdout } = spawnSync("wget", ["--version"], { encoding: "utf8" });
  // BusyBox has one of that name, too, with other options.
  return status === 0 && stdout.startsWith("GNU Wget");
}

function get(url: string, headers: http.OutgoingHttpHeaders): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    http.get(url, { headers, agent: false }, resolve).on("error", reject);
  });
}

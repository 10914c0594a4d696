/** Many clients of one edge: so many GETs, so many at once, each from an address that a seed chooses. */
import http from "node:http";
import { CF_BLOB_HEADER } from "../faults/edge-harness.ts";
import { type Random, randomInteger, seededRandom } from "../faults/random.ts";

export const AT_ONCE = 32;

/** Enough addresses that the clusters' shares are near their weights, few enough that many come again. */
const ADDRESSES = 5_000;
const COUNTRIES = ["DE", "FR", "US", "BR", "IN", "JP", "ZA", "AU"] as const;

/** Nothing in a run may take this long; a request that does is a finding, not a test that hangs. */
const PATIENCE_MS = 30_000;

export type Answered = {
  readonly sentMs: number;
  readonly elapsedMs: number;
  /** 0 when the connection to the edge failed. */
  readonly status: number;
  readonly proxyStatus: string | undefined;
  /** The whole content: the cluster's name, or a problem of the edge. */
  readonly content: string;
};

export type Load = {
  readonly port: number;
  readonly requests: number;
  readonly seed: number;
  readonly onAnswer?: () => void;
};

export async function runLoad({ port, requests, seed, onAnswer }: Load): Promise<readonly Answered[]> {
  const random = seededRandom(seed);
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const answers: Answered[] = [];
  let left = requests;
  const oneAfterTheOther = async () => {
    while (left > 0) {
      left -= 1;
      answers.push(await get(port, agent, clientHeaders(random)));
      onAnswer?.();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, oneAfterTheOther));
  agent.destroy();
  return answers;
}

function clientHeaders(random: Random): http.OutgoingHttpHeaders {
  const address = randomInteger(random, { min: 0, max: ADDRESSES - 1 });
  const country = COUNTRIES[address % COUNTRIES.length];
  return {
    "cf-connecting-ip": `198.18.${Math.floor(address / 250)}.${address % 250}`,
    [CF_BLOB_HEADER]: JSON.stringify({ country }),
  };
}

function get(port: number, agent: http.Agent, headers: http.OutgoingHttpHeaders): Promise<Answered> {
  const sentMs = performance.now();
  return new Promise((resolve) => {
    const settle = (status: number, proxyStatus: string | undefined, content: string) =>
      resolve({ sentMs, elapsedMs: performance.now() - sentMs, status, proxyStatus, content });
    const request = http.get(
      { port, host: "127.0.0.1", path: "/", agent, headers, timeout: PATIENCE_MS },
      (response) => {
        let content = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => {
          content += text;
        });
        response.on("end", () =>
          settle(response.statusCode ?? 0, response.headers["proxy-status"]?.toString(), content),
        );
        response.on("error", () => settle(0, undefined, content));
      },
    );
    request.on("timeout", () => request.destroy());
    request.on("error", () => settle(0, undefined, ""));
  });
}

/** The value that a share of them does not exceed; 0.5 is the median. */
export function elapsedAt(answers: readonly Answered[], share: number): number {
  const sorted = answers.map(({ elapsedMs }) => elapsedMs).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

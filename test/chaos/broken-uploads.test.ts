/** Clients that break their own uploads look, at the edge, like a cluster that breaks connections. No cluster may pay. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Edge, startEdge } from "../faults/edge-harness.ts";
import { type Random, randomInteger, seededRandom } from "../faults/random.ts";
import { RawConnection } from "../faults/raw-connection.ts";
import { FIN, pause, RESET, type Step, send } from "../faults/steps.ts";
import { type Clusters, startClusters } from "./clusters.ts";
import { EdgeEvents } from "./edge-events.ts";
import { runLoad } from "./load.ts";

const UPLOADS = 200;
const AT_ONCE = 10;
const SEED = 20_261_126;

/** What they promise, and never send. */
const LENGTH_BYTES = 1_000_000;
const SENT_BYTES = { min: 1, max: 200_000 };
const PAUSE_MS = { min: 0, max: 20 };

let clusters: Clusters;
let edge: Edge;
beforeAll(async () => {
  clusters = await startClusters(
    ["a", "b", "c"].map((name) => ({ region: "eu-west", name: `eu-west-${name}` })),
    SEED,
  );
  edge = await startEdge({ snapshot: clusters.snapshot });
});
afterAll(async () => {
  await edge.dispose();
  await clusters.dispose();
});

test("clients that break their uploads never get a cluster ejected", { timeout: 120_000 }, async () => {
  const random = seededRandom(SEED);
  let left = UPLOADS;
  const oneAfterTheOther = async () => {
    while (left > 0) {
      left -= 1;
      await breakUpload(edge.port, random);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, oneAfterTheOther));

  const cut = () => clusters.all.reduce((sum, cluster) => sum + cluster.cutUploads(), 0);
  // Those that leave within the first milliseconds may never have been passed on.
  await expect.poll(cut, { timeout: 10_000 }).toBeGreaterThan(UPLOADS / 2);
  const answers = await runLoad({ port: edge.port, requests: 600, seed: SEED });
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(new Set(answers.map(({ content }) => content))).toEqual(new Set(clusters.all.map(({ name }) => name)));
  expect(new EdgeEvents(edge).look()).toEqual([]);
});

/** A part of what the head promises, by length or in chunks; then the client ends its side, or the connection breaks. */
async function breakUpload(port: number, random: Random): Promise<void> {
  const chunked = random() < 0.5;
  const ending = random() < 0.5 ? FIN : RESET;
  const content = "u".repeat(randomInteger(random, SENT_BYTES));
  const framing = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${LENGTH_BYTES}`;
  const part = chunked ? `${content.length.toString(16)}\r\n${content}\r\n` : content;
  const steps: readonly Step[] = [
    send(`PUT /upload HTTP/1.1\r\nHost: shop.example\r\n${framing}\r\n\r\n`),
    send(part),
    pause(randomInteger(random, PAUSE_MS)),
    ending,
  ];
  const connection = await RawConnection.open(port);
  try {
    await connection.play(steps);
    await connection.waitUntil(({ ended }) => ended !== "open", 1_000);
  } finally {
    connection.destroy();
  }
}

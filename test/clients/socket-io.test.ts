/**
 * Socket.IO, whose sessions live on one cluster, with two clusters behind the edge. With affinity, every request and
 * socket of a session lands where the session is, whatever the transport: by a header that the application sends, or by
 * the edge's cookie that the client merely keeps. Without, long polling falls apart, which shows that the tests can tell.
 */
import { randomBytes } from "node:crypto";
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compactFleet } from "../chaos/fleet.ts";
import { type Edge, startEdge } from "../faults/edge-harness.ts";
import { type SocketCluster, startSocketCluster } from "./socket-cluster.ts";

/** Enough that both clusters get some: none of one cluster's would be one run in 30,000. */
const CLIENTS = 16;
const MESSAGES = 6;

let clusters: readonly SocketCluster[];
beforeAll(async () => {
  clusters = [await startSocketCluster("blue"), await startSocketCluster("green")];
});
afterAll(async () => {
  for (const cluster of clusters) await cluster.dispose();
});

function startEdgeWith(affinity: object): Promise<Edge> {
  const places = clusters.map(({ name, url }) => ({ name: `eu-west-${name}`, region: "eu-west", endpoint: url }));
  return startEdge({
    snapshot: compactFleet(places, { affinity }),
    variables: { AFFINITY_KEYS: JSON.stringify({ k1: randomBytes(32).toString("base64") }) },
  });
}

type ClientOptions = Partial<ManagerOptions & SocketOptions>;

/** The clusters that answered one session's messages, the last one over `ends`; undefined when it did not hold. */
async function hold(edge: Edge, ends: string, options: ClientOptions): Promise<readonly string[] | undefined> {
  const socket = io(edge.url, { forceNew: true, reconnection: false, timeout: 5_000, ...options });
  try {
    await connected(socket);
    const answers: string[] = [];
    const say = async (text: string) => answers.push(await socket.timeout(5_000).emitWithAck("say", text));
    for (let i = 1; i < MESSAGES; i++) await say(`message ${i}`);
    if (socket.io.engine.transport.name !== ends) await upgraded(socket);
    await say("the last one");
    return answers.map((answer) => answer.split(":")[0] ?? "");
  } catch {
    return undefined;
  } finally {
    socket.disconnect();
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
}

function upgraded(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.io.engine.once("upgrade", () => resolve());
    socket.io.engine.once("upgradeError", reject);
    socket.once("disconnect", reject);
  });
}

const strays = () => clusters.reduce((sum, cluster) => sum + cluster.strays(), 0);

const TRANSPORTS = [
  { title: "long polling", transports: ["polling"], ends: "polling" },
  { title: "WebSocket", transports: ["websocket"], ends: "websocket" },
  { title: "long polling that is upgraded to WebSocket", transports: ["polling", "websocket"], ends: "websocket" },
] as const;

const AFFINITIES = [
  {
    title: "a header",
    affinity: { by: "header", header: "x-session" },
    options: (): ClientOptions => ({ extraHeaders: { "x-session": randomBytes(8).toString("hex") } }),
  },
  {
    title: "the edge's cookie",
    affinity: { by: "cookie" },
    // Makes the client keep cookies at all.
    options: (): ClientOptions => ({ withCredentials: true }),
  },
];

describe.each(AFFINITIES)("with affinity by $title", ({ affinity, options }) => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdgeWith(affinity);
  });
  afterAll(() => edge.dispose());

  test.each(TRANSPORTS)("a session over $title stays on its cluster", async ({ transports, ends }) => {
    const [straysBefore, sessionsBefore] = [strays(), clusters.map(({ sessions }) => sessions())];
    const sessions = await Promise.all(
      Array.from({ length: CLIENTS }, () => hold(edge, ends, { ...options(), transports: [...transports] })),
    );
    for (const answeredBy of sessions) {
      expect(answeredBy).toHaveLength(MESSAGES);
      expect(new Set(answeredBy).size).toBe(1);
    }
    expect(strays() - straysBefore).toBe(0);
    for (const [i, cluster] of clusters.entries()) expect(cluster.sessions()).toBeGreaterThan(sessionsBefore[i] ?? 0);
  });
});

test("without affinity, sessions over long polling fall apart", async () => {
  const edge = await startEdgeWith({ by: "none" });
  try {
    const before = strays();
    const sessions = await Promise.all(
      Array.from({ length: CLIENTS }, () => hold(edge, "polling", { transports: ["polling"], timeout: 1_000 })),
    );
    expect(sessions).toContain(undefined);
    expect(strays()).toBeGreaterThan(before);
  } finally {
    await edge.dispose();
  }
});

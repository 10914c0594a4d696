/** The decision of a request is shown to who holds a good token, and to nobody else. */
import { generateKeyPairSync, sign } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { debugTokenSignedText, encodeDebugToken } from "../../config/debug-token.ts";
import { type Edge, startEdge } from "../faults/edge-harness.ts";
import { WIRE_ENVIRONMENT, wireSnapshot } from "../faults/fleets.ts";
import { type RecordingServer, startRecordingServer } from "../faults/recording-server.ts";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const rawPublicKey = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64");

let origin: RecordingServer;
let edge: Edge;
beforeAll(async () => {
  origin = await startRecordingServer();
  const snapshot = wireSnapshot([`http://127.0.0.1:${origin.port}`]);
  edge = await startEdge({ snapshot, variables: { SNAPSHOT_PUBLIC_KEYS: JSON.stringify({ k1: rawPublicKey }) } });
});
afterAll(async () => {
  await edge.dispose();
  await origin.dispose();
});

function token(claims: object): string {
  const encoded = Buffer.from(
    JSON.stringify({
      environment: WIRE_ENVIRONMENT,
      tokenId: "00000000-0000-4000-8000-000000000000",
      actor: "on-call",
      expiresAtMs: Date.now() + 60_000,
      ...claims,
    }),
  ).toString("base64url");
  const parts = { keyId: "k1", claims: encoded };
  const signature = sign(null, Buffer.from(debugTokenSignedText(parts)), privateKey).toString("base64url");
  return encodeDebugToken({ ...parts, signature });
}

const traceOf = async (text: string) => {
  const response = await fetch(`${edge.url}/path`, { headers: { "fairlead-debug": text } });
  expect(response.status).toBe(200);
  return { trace: response.headers.get("fairlead-trace"), response };
};

test("a good token shows every step, is logged by its id, and does not reach the cluster", async () => {
  const { trace, response } = await traceOf(token({}));
  const shown = JSON.parse(trace ?? "{}") as { revision: number; attempts: string[]; reasons: { code: string }[] }; // ours
  expect(shown.attempts).toEqual(["eu-west-blue"]);
  expect(shown.reasons.map(({ code }) => code)).toContain("pick.cluster");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(edge.logLines().some((line) => line.includes("decision.shown") && line.includes("on-call"))).toBe(true);
  expect(
    origin
      .requests()
      .at(-1)
      ?.lines.some((line) => line.toLowerCase().startsWith("fairlead")),
  ).toBe(false);
});

test.each([
  ["garbage", "garbage"],
  ["over", token({ expiresAtMs: Date.now() - 1 })],
  ["too long-lived to be one of ours", token({ expiresAtMs: Date.now() + 3_600_000 })],
  ["of another environment", token({ environment: "elsewhere" })],
  ["for another host", token({ host: "shop.example.com" })],
  ["forged", token({}).replace(/.{4}$/, "AAAA")],
])("a token that is %s shows nothing", async (_, text) => {
  expect((await traceOf(text)).trace).toBeNull();
});

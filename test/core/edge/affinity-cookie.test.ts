/** The affinity cookie: what is issued verifies, and nothing else does. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AffinityCookies, affinityCookieName, readCookie } from "../../../worker/affinity-cookie.ts";

const SECRET_1 = new Uint8Array(32).fill(1);
const SECRET_2 = new Uint8Array(32).fill(2);
const NOW = 1_800_000_000_000;
const BINDING = { clusterId: "0123abcd", expiresAtSeconds: NOW / 1_000 + 3_600 };

function cookies(secrets: Record<string, Uint8Array<ArrayBuffer>>): AffinityCookies {
  return new AffinityCookies(secrets);
}

async function issuedValue(by: AffinityCookies, service = "web"): Promise<string> {
  const header = await by.issue(BINDING, service, 3_600);
  return readCookie(header?.split(";")[0] ?? null, affinityCookieName(service)) ?? "";
}

describe("affinity cookie", () => {
  test("carries the attributes that keep it to this host, this scheme and out of scripts", async () => {
    const header = await cookies({ k1: SECRET_1 }).issue(BINDING, "web", 3_600);
    expect(header).toMatch(/^__Host-fairlead-web=k1\.0123abcd\.[0-9a-z]+\.[A-Za-z0-9_-]{43}; /);
    expect(header).toContain("; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax");
    expect(header).not.toContain("Domain");
  });

  test("what is issued verifies, again from memory, and not after its end", async () => {
    const ours = cookies({ k1: SECRET_1 });
    const value = await issuedValue(ours);
    expect(await ours.verify(value, "web", NOW)).toEqual(BINDING);
    expect(await ours.verify(value, "web", NOW)).toEqual(BINDING);
    expect(await ours.verify(value, "web", BINDING.expiresAtSeconds * 1_000)).toBeUndefined();
  });

  test("keys rotate: the old one still verifies while both are known, the new one signs", async () => {
    const before = await issuedValue(cookies({ k1: SECRET_1 }));
    const both = cookies({ k2: SECRET_2, k1: SECRET_1 });
    expect(await both.verify(before, "web", NOW)).toEqual(BINDING);
    expect(await issuedValue(both)).toMatch(/^k2\./);
    expect(await cookies({ k2: SECRET_2 }).verify(before, "web", NOW)).toBeUndefined();
  });

  test.each([
    ["another service", (value: string) => value, "accounts"],
    ["another cluster", (value: string) => value.replace("0123abcd", "ffffffff"), "web"],
    ["a later end", (value: string) => value.replace(/\.([0-9a-z]+)\.([^.]+)$/, ".zzzzzz.$2"), "web"],
    ["another key's id", (value: string) => value.replace(/^k1/, "k2"), "web"],
    ["a cut signature", (value: string) => value.slice(0, -1), "web"],
    ["trailing text", (value: string) => `${value}A`, "web"],
    ["padding", (value: string) => `${value}==`, "web"],
    ["nothing", () => "", "web"],
  ])("with %s it is no cookie", async (_, tamper, service) => {
    const ours = cookies({ k1: SECRET_1, k2: SECRET_2 });
    expect(await ours.verify(tamper(await issuedValue(ours)), service, NOW)).toBeUndefined();
  });

  // The last character of a signature has bits that mean nothing: with another in its place the bytes may be the same.
  test("no other text verifies for the one that was issued", async () => {
    const ours = cookies({ k1: SECRET_1 });
    const value = await issuedValue(ours);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const others = [...alphabet].flatMap((last) => (value.endsWith(last) ? [] : [value.slice(0, -1) + last]));
    for (const other of others) expect(await ours.verify(other, "web", NOW)).toBeUndefined();
    expect(await ours.verify(value, "web", NOW)).toEqual(BINDING);
  });

  test("no text verifies by chance or throws", async () => {
    const ours = cookies({ k1: SECRET_1 });
    await fc.assert(
      fc.asyncProperty(fc.string(), async (value) => {
        expect(await ours.verify(value, "web", NOW)).toBeUndefined();
      }),
    );
  });

  test("without keys there is no cookie", async () => {
    const none = cookies({});
    expect(none.enabled).toBe(false);
    expect(await none.issue(BINDING, "web", 60)).toBeUndefined();
  });
});

describe("readCookie", () => {
  test.each([
    [null, undefined],
    ["", undefined],
    ["a=1; __Host-fairlead-web=x.y; b=2", "x.y"],
    ["__Host-fairlead-web=x=y", "x=y"],
    ["__Host-fairlead-web2=x", undefined],
    ["x__Host-fairlead-web=x", undefined],
    ["__Host-fairlead-web=first; __Host-fairlead-web=second", "first"],
    ["__Host-fairlead-web", undefined],
  ])("%j has %j", (header, value) => {
    expect(readCookie(header, "__Host-fairlead-web")).toBe(value);
  });
});

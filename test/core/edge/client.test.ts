/** Place and address come from the platform; a client gets to say neither. */
import { describe, expect, test } from "vitest";
import { readClient } from "../../../worker/client.ts";
import { readRequestFields } from "../../../worker/request-fields.ts";
import type { Settings } from "../../../worker/settings.ts";

const PRODUCTION: Settings = {
  environment: "demo",
  development: false,
  trustVisitorHeaders: false,
  publicKeys: {},
  telemetryMs: 10_000,
  beaconMs: 5_000,
  affinitySecrets: {},
  serverTiming: false,
};
const DEVELOPMENT: Settings = { ...PRODUCTION, development: true };
const BEHIND_PROXY: Settings = { ...PRODUCTION, trustVisitorHeaders: true };

const CLAIMS = {
  "cf-connecting-ip": "6.6.6.6",
  "cf-ipcountry": "US",
  "cf-iplatitude": "1",
  "fairlead-geo": '{"country":"FR"}',
  "x-forwarded-for": "6.6.6.6",
  forwarded: "for=6.6.6.6",
};
const CF = { country: "DE", latitude: "50.1", longitude: "8.7" };

function sent(fields: Readonly<Record<string, string>>) {
  const headers = new Headers(fields);
  return { headers, fields: readRequestFields(headers) };
}

describe("readClient", () => {
  test.each([
    ["a bare socket: nothing is believed", PRODUCTION, undefined, {}, undefined],
    ["a bare socket with cf null", PRODUCTION, null, {}, undefined],
    ["Cloudflare: its cf, and the address it overwrites", PRODUCTION, CF, CF, "6.6.6.6"],
    ["Cloudflare without a country: still no headers", PRODUCTION, { colo: "FRA" }, { colo: "FRA" }, "6.6.6.6"],
    [
      "a trusted proxy: headers, as there is no cf",
      BEHIND_PROXY,
      undefined,
      { country: "US", latitude: "1" },
      "6.6.6.6",
    ],
    ["a trusted proxy beside cf: cf wins", BEHIND_PROXY, CF, CF, "6.6.6.6"],
    ["development: what the header says", DEVELOPMENT, CF, { country: "FR" }, undefined],
  ])("%s", (_, settings, cf, geo, address) => {
    const client = readClient(sent(CLAIMS), cf, settings);
    expect(client.ok && client.value.geo).toEqual(geo);
    expect(client.ok && client.value.address).toBe(address);
  });

  test.each([
    ['{"country":"DE","clientAddress":"192.0.2.7"}', "192.0.2.7"],
    ['{"clientAddress":"2001:db8::7"}', "2001:db8::7"],
    ["{}", undefined],
  ])("in development %s gives the address %s", (geo, address) => {
    const client = readClient(sent({ "fairlead-geo": geo }), undefined, DEVELOPMENT);
    expect(client.ok && client.value.address).toBe(address);
  });

  test.each(["", "DE", "[]", "null", '"DE"', "{", '{"clientAddress":"a\\r\\nb"}', '{"clientAddress":7}'])(
    "in development %j is said to be wrong",
    (geo) => {
      expect(readClient(sent({ "fairlead-geo": geo }), undefined, DEVELOPMENT).ok).toBe(false);
    },
  );

  test("an address that does not look like one is none", () => {
    const client = readClient(sent({ "cf-connecting-ip": 'evil";x="' }), CF, PRODUCTION);
    expect(client.ok && client.value.address).toBeUndefined();
  });
});

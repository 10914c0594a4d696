/** Nothing but a whole, sound snapshot passes the door, and whatever knocks gets an answer. */
import fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod/mini";
import { canonicalJson } from "../../../config/canonical.ts";
import { compile } from "../../../config/compile.ts";
import { Revision } from "../../../config/ids.ts";
import { SNAPSHOT_BYTES_MAX } from "../../../config/limits.ts";
import { parseSnapshot } from "../../../config/parse-snapshot.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { loadDemoFleet } from "../../../scripts/lib/demo-fleet.ts";

const { fleet } = readFleet(loadDemoFleet().documents, { environment: "demo", development: true });
const TEXT = canonicalJson(compile({ fleet, overlays: [], environment: "demo", revision: z.parse(Revision, 1) }));

test("a compiled fleet passes", () => {
  expect(parseSnapshot(TEXT).ok).toBe(true);
});

// biome-ignore format: a table reads in columns

test.each([
  ["", "", /not JSON/],
  ["{", "", /not JSON/],
  [TEXT.slice(0, -1), "", /not JSON/],
  ["null", "", /schema version none/],
  ["[]", "", /schema version none/],
  ['{"schemaVersion":"1"}', "", /schema version none/],
  ['{"schemaVersion":1}', "", /shape/],
  [TEXT, [/"schemaVersion":1/, '"schemaVersion":2'], /schema version 2; this reader knows 1/],
  [TEXT, [/"revision":1/, '"revision":1,"extra":1'], /unrecognized_keys at \//],
  [TEXT, [/"revision":1/, '"revision":-1'], /at \/revision/],
  [TEXT, [/"weight":100/, '"weight":null'], /at \/clusters\/0\/weight/],
  [TEXT, [/"region":"us-east"/, '"region":"us-esat"'], /names the region us-esat/],
  [TEXT, [/"service":"web"/, '"service":"wbe"'], /names the service wbe/],
  [TEXT, [/"name":"us-east-green"/, '"name":"us-east-blue"'], /us-east-blue is twice among the clusters/],
  [TEXT, [/"name":"americas"/, '"name":"europe"'], /europe is twice among the steering rules of route web/],
  [TEXT, [/"ap-south":1000,"eu-west"/, '"ap-suoth":1000,"eu-west"'], /names the region ap-suoth/],
  [" ".repeat(SNAPSHOT_BYTES_MAX) + TEXT, "", /larger than/],
])("broken %#", (text, change, expected) => {
  const broken = change === "" ? text : text.replace(change[0] ?? "", String(change[1]));
  const parsed = parseSnapshot(broken);
  expect(parsed.ok ? "passed" : parsed.error).toMatch(expected);
});

test("no text makes it throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseSnapshot(text).ok).toBe(false);
    }),
  );
});

test("a snapshot with a part cut out or replaced passes or is refused, and never throws", () => {
  fc.assert(
    fc.property(
      fc.nat(TEXT.length),
      fc.nat(40),
      fc.constantFrom("", "null", "0", "[]", "{}", '"x"'),
      (at, length, by) => {
        const parsed = parseSnapshot(TEXT.slice(0, at) + by + TEXT.slice(at + length));
        expect(typeof parsed.ok).toBe("boolean");
      },
    ),
  );
});

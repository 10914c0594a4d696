/** Documents are read once for each list of them, and anew for whoever reads them otherwise. */
import { expect, test } from "vitest";
import { readOnce } from "../../../admin/core/changes/read-once.ts";
import { readFleet } from "../../../config/read-fleet.ts";
import { fleetDocuments } from "../../bench/fleet.ts";

const PRODUCTION = { environment: "production", development: false };

test("the same list is read once, and says what reading it says", () => {
  const documents = fleetDocuments(3, "services");
  const read = readOnce(documents, PRODUCTION);
  expect(readOnce(documents, { ...PRODUCTION })).toBe(read);
  const { locate: _, ...told } = readFleet(documents, PRODUCTION);
  expect(read).toMatchObject(told);
});

test.each([{ environment: "staging" }, { development: true }])("%j is another way to read it", (other) => {
  const documents = fleetDocuments(3, "services");
  expect(readOnce(documents, PRODUCTION)).not.toBe(readOnce(documents, { ...PRODUCTION, ...other }));
});

test("an equal list is another list", () => {
  const read = readOnce(fleetDocuments(3, "services"), PRODUCTION);
  expect(readOnce(fleetDocuments(3, "services"), PRODUCTION)).not.toBe(read);
});

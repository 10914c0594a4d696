/** References to images, and what of them says what runs. */
import { expect, test } from "vitest";
import { parseImage } from "../../../config/image.ts";
import { cluster, findingsOf, soundBut } from "./fixtures.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

// biome-ignore format: a table reads in columns
test.each([
  [`registry.example/web@${DIGEST}`,          { name: "registry.example/web", digest: DIGEST }],
  [`registry.example/web:3.1@${DIGEST}`,      { name: "registry.example/web", tag: "3.1", digest: DIGEST }],
  ["registry.example:5000/shop/web:3.1",      { name: "registry.example:5000/shop/web", tag: "3.1" }],
  ["web",                                     { name: "web" }],
  ["web:latest",                              { name: "web", tag: "latest" }],
  ["shop/web_api--v2",                        { name: "shop/web_api--v2" }],
])("%s", (text, expected) => {
  expect(parseImage(text)).toEqual(expected);
});

test.each([
  [""],
  ["Web"],
  ["https://registry.example/web"],
  ["web:"],
  ["web@"],
  ["web@sha256:abc"],
  [`web@${DIGEST.toUpperCase()}`],
  [`web@${DIGEST}0`],
  [`web@md5:${"0".repeat(32)}`],
  ["web image"],
  ["-web"],
  ["a//b"],
  ["user:password@registry.example/web"],
])("%j is no image", (text) => {
  expect(parseImage(text)).toBeUndefined();
});

// biome-ignore format: a table reads in columns
test.each([
  ["an image",                          { image: `registry.example/web@${DIGEST}` },                       []],
  ["one by its tag, which can be written", { image: "registry.example/web:3.1" },                          []],
  ["no image",                          { image: "registry.example/web@3.1" },                             ["field.format 6/spec/image"]],
  ["ranges",                            { requires: { schema: ">=42 <44", config: "7", peers: { web: "*" } } }, []],
  ["an empty range",                    { requires: { schema: ">=44 <42" } },                              ["field.format 6/spec/requires/schema"]],
  ["a range in another dialect",        { requires: { config: "^7" } },                                    ["field.format 6/spec/requires/config"]],
  ["a peer that is no service",         { requires: { peers: { wbe: ">=3" } } },                           ["reference.unknown 6/spec/requires/peers/wbe"]],
  ["a way back",                        { rollback: { version: "3.0", imageDigest: DIGEST } },             []],
  ["a way back to a tag",               { rollback: { version: "3.0", image: "web:3.0" } },                ["field.missing 6/spec/rollback/imageDigest", "field.unknown 6/spec/rollback/image"]],
  ["a way back with an unknown peer",   { rollback: { version: "3.0", imageDigest: DIGEST, requires: { peers: { wbe: "3" } } } }, ["reference.unknown 6/spec/rollback/requires/peers/wbe"]],
])("a cluster with %s: %j", (_, spec, expected) => {
  expect(findingsOf(soundBut(cluster("x", spec)))).toEqual(expected);
});

/** Imports run one way (DESIGN §1). The table is the design; each import in the tree is checked against it. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";

type Layer = { readonly folder: string; readonly may: readonly string[]; readonly packages: readonly string[] | "any" };

/** The most specific folder comes first: a file belongs to the first layer whose folder holds it. */
const LAYERS: readonly Layer[] = [
  { folder: "config", may: ["config"], packages: ["zod/mini", "canonicalize"] },
  { folder: "worker/flags", may: ["worker/flags", "config"], packages: [] },
  { folder: "worker/routing", may: ["worker/routing", "worker/flags", "config"], packages: [] },
  {
    folder: "admin/core",
    may: ["admin/core", "worker/routing", "worker/flags", "config"],
    packages: ["@noble/hashes"],
  },
  {
    folder: "worker",
    may: ["worker", "worker/routing", "worker/flags", "config"],
    packages: ["cloudflare:workers", "zod/mini"],
  },
  {
    folder: "admin",
    may: ["admin", "admin/core", "worker/routing", "worker/flags", "config"],
    packages: ["cloudflare:workers", "hono", "@hono/zod-openapi"],
  },
  { folder: "scripts", may: ["scripts", "admin/core", "worker/routing", "config"], packages: "any" },
];

const IMPORT_PATTERN = /^\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|^\s*import\s+"([^"]+)"|import\("([^"]+)"\)/gm;

function layerOf(file: string): Layer | undefined {
  return LAYERS.find(({ folder }) => file.startsWith(`${folder}/`));
}

function sourceFiles(): string[] {
  return ["config", "worker", "admin", "scripts"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => /\.tsx?$/.test(file))
      .map((file) => path.posix.join(folder, file)),
  );
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(IMPORT_PATTERN)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** What is wrong with one import, or undefined. */
function violation(file: string, specifier: string): string | undefined {
  const layer = layerOf(file);
  if (layer === undefined) return `${file} is in no layer`;
  if (!specifier.startsWith(".")) {
    const allowed = layer.packages === "any" || layer.packages.some((name) => `${specifier}/`.startsWith(`${name}/`));
    return allowed ? undefined : `${file} imports the package ${specifier}`;
  }
  const target = layerOf(path.posix.join(path.posix.dirname(file), specifier));
  if (target === undefined) return `${file} imports ${specifier}, which is in no layer`;
  return layer.may.includes(target.folder)
    ? undefined
    : `${file} (${layer.folder}) imports ${specifier} (${target.folder})`;
}

describe("layers", () => {
  test.each([
    ["config/a.ts", "../worker/handle.ts", "config/a.ts (config) imports ../worker/handle.ts (worker)"],
    ["config/a.ts", "zod", "config/a.ts imports the package zod"],
    ["config/a.ts", "zod/mini", undefined],
    ["worker/handle.ts", "./routing/decide.ts", undefined],
    ["worker/routing/a.ts", "../handle.ts", "worker/routing/a.ts (worker/routing) imports ../handle.ts (worker)"],
    ["worker/a.ts", "../admin/core/b.ts", "worker/a.ts (worker) imports ../admin/core/b.ts (admin/core)"],
    ["scripts/a.ts", "../worker/handle.ts", "scripts/a.ts (scripts) imports ../worker/handle.ts (worker)"],
    ["worker/a.ts", "zod", "worker/a.ts imports the package zod"],
  ])("%s importing %s: %s", (file, specifier, expected) => {
    expect(violation(file, specifier)).toBe(expected);
  });

  test("every import in the tree keeps to the table", () => {
    const files = sourceFiles();
    expect(files.length).toBeGreaterThan(10);
    const violations = files.flatMap((file) => importsOf(file).map((specifier) => violation(file, specifier)));
    expect(violations.filter((found) => found !== undefined)).toEqual([]);
  });

  test.each([
    ["export const a = Math.random();", false],
    ["export const b = Date.now();", false],
    ["export const c = fetch;", false],
    ["export const d = Math.max(1, 2);", true],
  ])("the linter, asked about %s in a pure folder, allows it: %s", (text, allowed) => {
    expect(
      ["config", "worker/flags", "worker/routing", "admin/core"].map((folder) => lintAllows(folder, text)),
    ).toEqual([allowed, allowed, allowed, allowed]);
    expect(lintAllows("worker", text)).toBe(true);
  });
});

/** By our own configuration, on a file of its own: the linter says nothing about what it is given on standard input. */
function lintAllows(folder: string, text: string): boolean {
  const root = mkdtempSync(path.join(tmpdir(), "fairlead-lint-"));
  try {
    for (const file of ["biome.json", "pure.grit"]) copyFileSync(file, path.join(root, file));
    mkdirSync(path.join(root, folder), { recursive: true });
    writeFileSync(path.join(root, folder, "sample.ts"), `${text}\n`);
    const biome = path.resolve("node_modules", ".bin", "biome");
    return spawnSync(biome, ["lint", folder], { cwd: root }).status === 0;
  } finally {
    rmSync(root, { recursive: true });
  }
}

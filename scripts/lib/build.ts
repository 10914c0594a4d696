/**
 * Bundles one of the Workers into the single ES module that workerd runs: for development, for tests and for figures
 * of size. Deploys bundle by wrangler, from the same entry points and with the same conditions.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Metafile, type Plugin } from "esbuild";
import type { Snapshot } from "../../config/snapshot.ts";

export type BundleOptions = {
  /** The Worker's entry point. */
  readonly entry: string;
  /** Where the module is written, its folder made when it is missing. */
  readonly outfile: string;
  /** Takes the place of `builtin-snapshot.json`: what the edge routes by before it has reached anything. */
  readonly builtinSnapshot?: Snapshot;
  readonly minify?: boolean;
};

export type Bundle = { readonly bytes: number; readonly gzipBytes: number; readonly metafile: Metafile };

export async function bundleWorker({
  entry,
  outfile,
  builtinSnapshot,
  minify = false,
}: BundleOptions): Promise<Bundle> {
  const { metafile, outputFiles } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["module", "main"],
    external: ["cloudflare:*", "node:*"],
    legalComments: "none",
    plugins: builtinSnapshot === undefined ? [] : [replaceBuiltinSnapshot(builtinSnapshot)],
  });
  const contents = outputFiles[0]?.contents ?? new Uint8Array();
  await mkdir(path.dirname(outfile), { recursive: true });
  await writeFile(outfile, contents);
  return { bytes: contents.byteLength, gzipBytes: gzipSync(contents).byteLength, metafile };
}

/** The file in the tree is the empty fleet of a deploy that has none yet; its importer never knows. */
function replaceBuiltinSnapshot(snapshot: Snapshot): Plugin {
  return {
    name: "builtin-snapshot",
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]builtin-snapshot\.json$/ }, () => ({
        contents: JSON.stringify(snapshot),
        loader: "json",
      }));
    },
  };
}

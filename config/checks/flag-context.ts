/** A flag that the edge asks goes by what the edge knows; what only an SDK could say is absent there, for everybody. */
import type { Finding, FindingPath } from "../findings.ts";
import { EDGE_FLAG_CONTEXT } from "../flag-context.ts";
import { findingAt } from "../placed.ts";
import { suggest } from "../suggest.ts";
import type { CheckInput } from "./check.ts";

export function checkFlagContext({ flags, routes, services }: CheckInput): readonly Finding[] {
  const asked = new Set<string>([
    ...routes.flatMap(({ document }) => (document.spec.steering ?? []).flatMap(({ when }) => when.flag ?? [])),
    ...services.flatMap(({ document: { spec } }) => [
      ...(spec.flags ?? []),
      ...(spec.canaryFlag ? [spec.canaryFlag.flag] : []),
    ]),
  ]);
  const known: readonly string[] = EDGE_FLAG_CONTEXT;
  return flags.flatMap((flag) => {
    if (!asked.has(flag.document.metadata.name)) return [];
    return variablesIn(flag.document.spec.targeting, ["spec", "targeting"]).flatMap(({ name, path }) => {
      const [first = ""] = name.split(".");
      if (known.includes(first) || first === "$flagd") return [];
      const message = `the edge asks this flag and does not know "${first}": it knows ${known.join(", ")}`;
      const finding = { code: "flag.context", severity: "warning", path, message } as const;
      return [findingAt(flag, { ...finding, didYouMean: suggest(first, known) })];
    });
  });
}

type Variable = { readonly name: string; readonly path: FindingPath };

function variablesIn(value: unknown, path: FindingPath): readonly Variable[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    if (key !== "var") return variablesIn(item, at);
    const [name, fallback]: readonly unknown[] = Array.isArray(item) ? item : [item];
    const own = typeof name === "string" ? [{ name, path: at }] : [];
    return [...own, ...variablesIn(fallback, at)];
  });
}

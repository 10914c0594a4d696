/** A flag that the edge asks goes by what the edge knows; what only an SDK could say is absent there, for everybody. */
import type { Finding, FindingPath } from "../findings.ts";
import type { FlagLogic } from "../flag.ts";
import { EDGE_FLAG_CONTEXT } from "../flag-context.ts";
import { expandReferences } from "../flag-references.ts";
import { findingAt } from "../placed.ts";
import { suggest } from "../suggest.ts";
import type { CheckInput } from "./check.ts";

export function checkFlagContext({ flags, evaluators, routes, services }: CheckInput): readonly Finding[] {
  const routing = new Set<string>([
    ...routes.flatMap(({ document }) => (document.spec.steering ?? []).flatMap(({ when }) => when.flag ?? [])),
    ...services.flatMap(({ document: { spec } }) => (spec.canaryFlag === undefined ? [] : [spec.canaryFlag.flag])),
  ]);
  const asked = new Set([...routing, ...services.flatMap(({ document: { spec } }) => spec.flags ?? [])]);
  const logics = new Map(evaluators.map(({ document }) => [document.metadata.name, document.spec.logic]));
  const known: readonly string[] = EDGE_FLAG_CONTEXT;
  return flags.flatMap((flag) => {
    const { name } = flag.document.metadata;
    if (!asked.has(name)) return [];
    return variablesOf(flag.document.spec.targeting, logics).flatMap(({ name: variable, path }) => {
      const [first = ""] = variable.split(".");
      if (variable === "$flagd.timestamp" && routing.has(name)) {
        const message =
          "routing does not go by the time: no plan could say what such a flag does; switch it, or change its share";
        return [findingAt(flag, { code: "flag.context", path, message })];
      }
      if (known.includes(first) || first === "$flagd") return [];
      const message = `the edge asks this flag and does not know "${first}": it knows ${known.join(", ")}`;
      const finding = { code: "flag.context", severity: "warning", path, message } as const;
      return [findingAt(flag, { ...finding, didYouMean: suggest(first, known) })];
    });
  });
}

type Variable = { readonly name: string; readonly path: FindingPath };

/** Those in evaluators have the place of the targeting. */
function variablesOf(targeting: FlagLogic | undefined, logics: ReadonlyMap<string, FlagLogic>): readonly Variable[] {
  const own = variablesIn(targeting, ["spec", "targeting"]);
  const names = new Set(own.map(({ name }) => name));
  const all = variablesIn(expandReferences(targeting ?? {}, logics), []);
  const borrowed = [...new Set(all.map(({ name }) => name))].filter((name) => !names.has(name));
  return [...own, ...borrowed.map((name) => ({ name, path: ["spec", "targeting"] }))];
}

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

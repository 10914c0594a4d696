/** A flag can give what it says: its variants are of one type, and every variant that it names is one of them. */
import type { FlagDocument } from "../documents.ts";
import type { Finding, FindingPath } from "../findings.ts";
import { isTargeted } from "../flag.ts";
import { type Evaluators, expandReferences } from "../flag-references.ts";
import { isBooleanFlag } from "../flag-spec.ts";
import { FLAG_LENGTH_MAX, FLAG_LOGIC_NODES_MAX } from "../limits.ts";
import { compareText } from "../order.ts";
import { findingAt, type Placed } from "../placed.ts";
import { suggest } from "../suggest.ts";
import { type CheckInput, declaredNames } from "./check.ts";
import { controlLists } from "./control-lists.ts";
import { problemsOfLogic } from "./flag-logic.ts";
import { outcomesOf } from "./flag-outcomes.ts";

export function checkFlagVariants({ flags }: CheckInput): readonly Finding[] {
  return flags.flatMap((flag) => {
    const { variants, defaultVariant, regions = {} } = flag.document.spec;
    if (Object.keys(variants).length === 0) {
      const message = "the flag has no variants: give it one";
      return [findingAt(flag, { code: "flag.variant", path: ["spec", "variants"], message })];
    }
    return [
      ...(typeof defaultVariant === "string" ? named(flag, defaultVariant, ["spec", "defaultVariant"]) : []),
      ...Object.entries(regions).flatMap(([region, { rollout }]) =>
        rollout === undefined ? [] : named(flag, rollout.variant, ["spec", "regions", region, "rollout", "variant"]),
      ),
    ];
  });
}

function named(flag: Placed<FlagDocument>, variant: string, path: FindingPath): readonly Finding[] {
  const { variants } = flag.document.spec;
  if (Object.hasOwn(variants, variant)) return [];
  const names = Object.keys(variants).sort(compareText);
  const message = `there is no variant "${variant}": the flag has ${names.join(", ")}`;
  return [findingAt(flag, { code: "flag.variant", path, message, didYouMean: suggest(variant, names) })];
}

/** Who asks for a flag states the type of its value, so one flag has one. */
export function checkFlagTypes({ flags }: CheckInput): readonly Finding[] {
  return flags.flatMap((flag) => {
    const entries = Object.entries(flag.document.spec.variants);
    const [first] = entries;
    const other = entries.find(([, value]) => typeof value !== typeof first?.[1]);
    if (first === undefined || other === undefined) return [];
    const message = `"${other[0]}" is of type ${typeof other[1]} and "${first[0]}" of type ${typeof first[1]}: all variants of a flag have one type`;
    return [findingAt(flag, { code: "flag.type", path: ["spec", "variants", other[0]], message })];
  });
}

export function checkFlagRegions({ flags }: CheckInput): readonly Finding[] {
  return flags.flatMap((flag) =>
    Object.entries(flag.document.spec.regions ?? {}).flatMap(([region, does]) => {
      if (Object.keys(does).length > 0) return [];
      const message = `"${region}" does nothing otherwise: give it a state or a rollout`;
      return [findingAt(flag, { code: "field.choice", path: ["spec", "regions", region], message })];
    }),
  );
}

/** Targeting can be run, and what comes of it are variants. */
export function checkFlagLogic(input: CheckInput): readonly Finding[] {
  const names = declaredNames(input, "Evaluator");
  const evaluators: Evaluators = new Map(
    input.evaluators.map(({ document }) => [document.metadata.name, document.spec.logic]),
  );
  return [
    ...input.evaluators.flatMap((evaluator) =>
      problemsOfLogic(evaluator.document.spec.logic, ["spec", "logic"], { evaluators: undefined }).map((problem) =>
        findingAt(evaluator, problem),
      ),
    ),
    ...input.flags.flatMap((flag) => {
      const { targeting } = flag.document.spec;
      if (targeting === undefined || Object.keys(targeting).length === 0) return [];
      const problems = problemsOfLogic(targeting, ["spec", "targeting"], { evaluators: names });
      if (problems.length > 0) return problems.map((problem) => findingAt(flag, problem));
      return [...outcomeFindings(flag, evaluators), ...sizeFindings(flag, evaluators)];
    }),
  ];
}

function outcomeFindings(flag: Placed<FlagDocument>, evaluators: Evaluators): readonly Finding[] {
  const { variants, targeting } = flag.document.spec;
  const names = Object.keys(variants).sort(compareText);
  const seen = new Set<string>();
  return outcomesOf(targeting, ["spec", "targeting"], evaluators).flatMap(({ value, path }) => {
    const variant = String(value);
    const place = JSON.stringify(path);
    if (Object.hasOwn(variants, variant) || seen.has(place)) return [];
    seen.add(place);
    const hint = typeof value === "boolean" ? ', as in {"if": [..., "one", "another"]}' : "";
    const message = `this may give the variant "${variant}", which the flag does not have: it has ${names.join(", ")}${hint}`;
    return [findingAt(flag, { code: "flag.variant", path, message, didYouMean: suggest(variant, names) })];
  });
}

function sizeFindings(flag: Placed<FlagDocument>, evaluators: Evaluators): readonly Finding[] {
  const { spec } = flag.document;
  const whole = { ...spec, targeting: expandReferences(spec.targeting ?? {}, evaluators) };
  const { length } = JSON.stringify(whole);
  const nodes = nodesOf(whole.targeting);
  const finding = (message: string) =>
    findingAt(flag, { code: "limit.exceeded", path: ["spec", "targeting"], message });
  return [
    ...(length > FLAG_LENGTH_MAX
      ? [
          finding(
            `a flag with its evaluators has at most ${FLAG_LENGTH_MAX} characters of JSON, and this one has ${length}`,
          ),
        ]
      : []),
    ...(nodes > FLAG_LOGIC_NODES_MAX
      ? [
          finding(
            `targeting with its evaluators has at most ${FLAG_LOGIC_NODES_MAX} operators and operands, not ${nodes}`,
          ),
        ]
      : []),
  ];
}

function nodesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, item) => sum + nodesOf(item), 1);
}

/** A rule counts or it does not, so its flag is true or false; and a gate that operators turn has one position for all. */
export function checkFlagUses({ flags, routes, services, policies }: CheckInput): readonly Finding[] {
  const byName = new Map(flags.map((flag) => [flag.document.metadata.name, flag.document.spec]));
  return [
    ...routes.flatMap((route) =>
      (route.document.spec.steering ?? []).flatMap(({ when: { flag = "" } }, index) => {
        const spec = byName.get(flag);
        if (spec === undefined || isBooleanFlag(spec)) return [];
        const path = ["spec", "steering", index, "when", "flag"];
        const message = `a rule goes by a flag that is true or false, and the variants of "${flag}" are not`;
        return [findingAt(route, { code: "flag.type", path, message })];
      }),
    ),
    ...services.flatMap((service) => {
      const { canaryFlag } = service.document.spec;
      const variants = byName.get(canaryFlag?.flag ?? "")?.variants;
      if (canaryFlag === undefined || variants === undefined || Object.hasOwn(variants, canaryFlag.variant)) return [];
      const names = Object.keys(variants).sort(compareText);
      const message = `there is no variant "${canaryFlag.variant}": the flag "${canaryFlag.flag}" has ${names.join(", ")}`;
      const path = ["spec", "canaryFlag", "variant"];
      return [
        findingAt(service, { code: "flag.variant", path, message, didYouMean: suggest(canaryFlag.variant, names) }),
      ];
    }),
    ...policies.flatMap((policy) =>
      controlLists(policy.document).flatMap(({ kind, names, path }) =>
        names.flatMap((name, index) => {
          const spec = kind === "Flag" ? byName.get(name) : undefined;
          if (spec === undefined || (isBooleanFlag(spec) && !isTargeted(spec))) return [];
          const message = `a switch is on or off for everybody, and "${name}" has targeting, regions or other values than true and false`;
          return [findingAt(policy, { code: "flag.type", path: [...path, index], message })];
        }),
      ),
    ),
  ];
}

/** Flags may be there for SDKs alone, which nothing here knows of; an evaluator is there for flags alone. */
export function checkEvaluatorsUsed({ flags, evaluators, complete }: CheckInput): readonly Finding[] {
  if (!complete || evaluators.length === 0) return [];
  const texts = flags.map(({ document }) => JSON.stringify(document.spec.targeting ?? {}));
  return evaluators.flatMap((evaluator) => {
    const reference = `{"$ref":${JSON.stringify(evaluator.document.metadata.name)}}`;
    if (texts.some((text) => text.includes(reference))) return [];
    const message = 'no flag refers to this evaluator: name it as {"$ref": ...} in the targeting of one, or remove it';
    return [
      findingAt(evaluator, { code: "evaluator.unused", severity: "warning", path: ["metadata", "name"], message }),
    ];
  });
}

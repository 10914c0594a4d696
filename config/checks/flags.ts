/** A flag can be read, and somebody reads it. */
import type { Finding } from "../findings.ts";
import { compareText } from "../order.ts";
import { findingAt } from "../placed.ts";
import { suggest } from "../suggest.ts";
import type { CheckInput } from "./check.ts";
import { controlLists } from "./control-lists.ts";

export function checkFlagVariants({ flags }: CheckInput): readonly Finding[] {
  return flags.flatMap((flag) => {
    const { variants, defaultVariant } = flag.document.spec;
    if (Object.hasOwn(variants, defaultVariant)) return [];
    const names = Object.keys(variants).sort(compareText);
    const has = names.length === 0 ? "none: give it one" : names.join(", ");
    return [
      findingAt(flag, {
        code: "flag.variant",
        path: ["spec", "defaultVariant"],
        message: `there is no variant "${defaultVariant}": the flag has ${has}`,
        didYouMean: suggest(defaultVariant, names),
      }),
    ];
  });
}

/** A flag may also be there for the Policy alone: as a gate that somebody has to open. */
export function checkFlagsUsed({ flags, routes, policies, complete }: CheckInput): readonly Finding[] {
  if (!complete) return [];
  const used = new Set<string>([
    ...routes.flatMap(({ document }) => (document.spec.steering ?? []).flatMap(({ when }) => when.flag ?? [])),
    ...policies.flatMap(({ document }) =>
      controlLists(document).flatMap(({ kind, names }) => (kind === "Flag" ? names : [])),
    ),
  ]);
  return flags.flatMap((flag) => {
    if (used.has(flag.document.metadata.name)) return [];
    const message = 'nothing goes by this flag: name it in "when.flag" of a steering rule, or remove it';
    return [findingAt(flag, { code: "flag.unused", severity: "warning", path: ["metadata", "name"], message })];
  });
}

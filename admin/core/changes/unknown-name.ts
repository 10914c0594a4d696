/** The refusal of a name that the fleet does not have, with the nearest that it has. */
import type { AdminProblemCode, AdminProblemItem, AdminRefusal } from "../../../config/admin-problems.ts";
import { suggest } from "../../../config/suggest.ts";

export type Naming = {
  /** `region`, `flag`, ...: makes the code of the item, `region.unknown`. */
  readonly what: string;
  readonly name: string;
  readonly names: readonly string[];
  readonly pointer: string;
};

export function unknownName({ what, name, names, pointer }: Naming): AdminProblemItem {
  const near = suggest(name, names);
  return {
    pointer,
    detail: `There is no ${what} "${name}".`,
    code: `${what}.unknown`,
    ...(near === undefined ? {} : { didYouMean: near }),
  };
}

/** Undefined when the name is one of `names`. */
export function refuseUnknown(code: AdminProblemCode, naming: Naming): AdminRefusal | undefined {
  if (naming.names.includes(naming.name)) return undefined;
  const item = unknownName(naming);
  const hint = item.didYouMean === undefined ? "" : ` Did you mean "${item.didYouMean}"?`;
  return { code, detail: `${item.detail}${hint}`, errors: [item] };
}

/**
 * Looks into a zod schema for what a message needs to know: which fields an object may have at a path, and by which key
 * the branches of a union are told apart. Reads the `def` that zod publishes for tools like this one.
 */
import type * as z from "zod/mini";
import type { FindingPath } from "./findings.ts";

type Schema = z.core.$ZodType;

/** The names of all fields that an object at `path` may have, in the order of the schema; none for a free record. */
export function keysAt(schema: Schema, path: FindingPath): readonly string[] {
  const keys = schemasAt(schema, path).flatMap((found) => {
    const def = defOf(found);
    return def.type === "object" ? Object.keys(def.shape) : [];
  });
  return [...new Set(keys)];
}

/** The keys that tell the branches of the union at `path` apart, when each branch is an object with one key of its own. */
export function branchesAt(schema: Schema, path: FindingPath): readonly string[] {
  const options = schemasAt(schema, path).map(defOf);
  const keys = options.flatMap((def) => (def.type === "object" ? Object.keys(def.shape) : []));
  const distinct = options.length > 1 && keys.length === options.length && new Set(keys).size === keys.length;
  return distinct ? keys : [];
}

/** Every schema that a value at `path` may be held against; a union counts as each of its branches. */
function schemasAt(schema: Schema, path: FindingPath): readonly Schema[] {
  return path.reduce<readonly Schema[]>(
    (schemas, key) => schemas.flatMap((found) => childrenOf(found, key).flatMap(alternatives)),
    alternatives(schema),
  );
}

function alternatives(schema: Schema): readonly Schema[] {
  const def = defOf(schema);
  if (def.type === "union") return def.options.flatMap(alternatives);
  return def.type === "optional" ? alternatives(def.innerType) : [schema];
}

function childrenOf(schema: Schema, key: string | number): readonly Schema[] {
  const def = defOf(schema);
  if (def.type === "object") {
    const child = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
    return child === undefined ? [] : [child];
  }
  if (def.type === "array") return [def.element];
  return def.type === "record" ? [def.valueType] : [];
}

function defOf(schema: Schema): z.core.$ZodTypes["_zod"]["def"] {
  return (schema as z.core.$ZodTypes)._zod.def; // every schema zod makes is one of $ZodTypes
}

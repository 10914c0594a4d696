/**
 * Looks into a zod schema for what a message needs to know: which fields an object may have at a path, by which key the
 * branches of a union are told apart, and which words are allowed beside another form. Reads the `def` that zod publishes for tools like this one.
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
  const shapes = options.map((def) => (def.type === "object" ? Object.keys(def.shape) : []));
  const keys = shapes.flat();
  const single = shapes.length > 1 && shapes.every((shape) => shape.length === 1);
  return single && new Set(keys).size === keys.length ? keys : [];
}

/** The words that a value at `path` may be, whatever else it may be. */
export function wordsAt(schema: Schema, path: FindingPath): readonly string[] {
  return schemasAt(schema, path).flatMap((found) => {
    const def = defOf(found);
    return def.type === "literal" ? def.values.map(String) : [];
  });
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

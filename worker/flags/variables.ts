/** `var`: a path of names joined by dots into the context. Own properties only, so nobody reaches into JavaScript itself. */
import type { Expression } from "./scope.ts";

/** Null when there is nothing at the path and no fallback. */
export function variable(path: string, fallback: Expression | undefined): Expression {
  if (path === "$flagd.flagKey") return ({ flag }) => flag;
  if (path === "$flagd.timestamp") return ({ nowMs }) => Math.floor(nowMs / 1_000);
  const names = namesOf(path);
  return (scope) => {
    let value: unknown = scope.context;
    for (const name of names) value = ownValue(value, name);
    if (value !== undefined) return value;
    return fallback === undefined ? null : fallback(scope);
  };
}

/** A backslash keeps a dot in a name, as in JSON Logic. */
function namesOf(path: string): readonly string[] {
  return (path.match(/(?:\\[./\\]|[^.])+/g) ?? []).map((name) => name.replace(/\\([./\\])/g, "$1"));
}

/** Undefined where there is nothing of this name, and for what is named but not known. */
function ownValue(holder: unknown, name: string): unknown {
  if (holder === null || holder === undefined || !Object.hasOwn(Object(holder), name)) return undefined;
  return (holder as Readonly<Record<string, unknown>>)[name]; // something that has this name
}

/** `var`: a path of names joined by dots into the context. Own properties only, so nobody reaches into JavaScript itself. */
import type { Expression } from "./scope.ts";

/** Null when there is nothing at the path and no fallback. */
export function variable(path: string, fallback: Expression | undefined): Expression {
  if (path === "$flagd.flagKey") return ({ flag }) => flag;
  if (path === "$flagd.timestamp") return ({ nowMs }) => Math.floor(nowMs / 1_000);
  const names = namesOf(path);
  return (scope) => {
    let value: unknown = scope.context;
    for (const name of names) {
      if (value === null || value === undefined || !Object.hasOwn(Object(value), name))
        return fallback === undefined ? null : fallback(scope);
      value = (value as Readonly<Record<string, unknown>>)[name]; // something that has this name
    }
    return value === undefined ? null : value;
  };
}

/** A backslash keeps a dot in a name, as in JSON Logic. */
function namesOf(path: string): readonly string[] {
  return (path.match(/(?:\\[./\\]|[^.])+/g) ?? []).map((name) => name.replace(/\\([./\\])/g, "$1"));
}

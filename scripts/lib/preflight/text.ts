/** A report for people: what is wrong and where, what to do about it, and what it comes to. */
import type { LocatedFinding, LocatedReport } from "./located.ts";

export function textOf({ findings, summary }: LocatedReport): string {
  const { errors, warnings, leftOut, services, clusters, complete } = summary;
  const of = complete ? ` in ${plural(clusters, "cluster")} of ${plural(services, "service")}` : "";
  return [
    ...findings.flatMap(linesOf),
    ...(leftOut === 0 ? [] : [`and ${plural(leftOut, "finding")} more`]),
    ...(complete ? [] : ["The documents have errors, so nothing beyond them was looked at."]),
    `${plural(errors, "error")}, ${plural(warnings, "warning")}${of}`,
    "",
  ].join("\n");
}

function linesOf({ file, line, column, severity, code, document, sentence, fix }: LocatedFinding): readonly string[] {
  const place = file === undefined ? "-" : `${file}:${line}:${column}`;
  const what = document === undefined ? "" : ` [${document}]`;
  return [`${place} ${severity} ${code}${what}`, `    ${sentence}`, `    ${fix}`];
}

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

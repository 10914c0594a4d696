/**
 * A committed change as a mark on dashboards, in the words of Grafana's HTTP API (POST /api/annotations): when, what, and the
 * tags by which a panel chooses. What ends by itself is a span of time; that it ended earlier is a mark of its own.
 */
import type { Outcome } from "../changes/mutation.ts";
import { changeSentence } from "../history/change-sentence.ts";
import type { Scope } from "../history/scope.ts";

export type Annotation = {
  /** Milliseconds since the epoch, as all times of that API. */
  readonly time: number;
  readonly timeEnd?: number;
  readonly tags: readonly string[];
  readonly text: string;
};

export type Committed = {
  readonly revision: number;
  readonly kind: string;
  readonly author: string;
  readonly reason?: string;
  readonly ticket?: string;
  readonly createdAtMs: number;
};

export type AnnotationInput = {
  readonly committed: Committed;
  /** Undefined when it is no longer kept. */
  readonly outcome: Outcome | undefined;
  readonly scope: Scope;
  readonly environment: string;
};

/** A change of a whole fleet would bring a tag for each cluster, and a tag for everything chooses nothing. */
const TAGS_OF_A_KIND_MAX = 8;

/** Kinds of revisions that go back to what was before. */
const ROLLBACKS: ReadonlySet<string> = new Set(["restore", "withdraw"]);

export function annotationOf({ committed, outcome, scope, environment }: AnnotationInput): Annotation {
  const { revision, kind, author, reason, ticket, createdAtMs } = committed;
  const endMs = outcome === undefined ? undefined : plannedEndMs(outcome);
  const why = [reason, ticket === undefined ? undefined : `(${ticket})`].filter((part) => part !== undefined).join(" ");
  const text = `${changeSentence(kind, outcome)}. Revision ${revision} by ${author}${why === "" ? "" : `: ${why}`}`;
  return {
    time: createdAtMs,
    ...(endMs === undefined || endMs <= createdAtMs ? {} : { timeEnd: endMs }),
    tags: [
      ...["fairlead", `environment:${environment}`, `kind:${kind}`, `revision:${revision}`],
      ...(ROLLBACKS.has(kind) ? ["rollback"] : []),
      ...tagsOf("region", scope.regions),
      ...tagsOf("service", scope.services),
      ...tagsOf("cluster", scope.clusters),
    ],
    text: escapeHtml(text),
  };
}

function tagsOf(kind: string, names: readonly string[]): readonly string[] {
  return names.length > TAGS_OF_A_KIND_MAX ? [] : names.map((name) => `${kind}:${name}`);
}

function plannedEndMs(outcome: Outcome): number | undefined {
  return "expiresAtMs" in outcome ? outcome.expiresAtMs : undefined;
}

/** Grafana shows a text as HTML. */
function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

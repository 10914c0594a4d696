/** The refusals that say that the caller has something else in mind than what is there. */
import type { AdminRefusal } from "../../../config/admin-problems.ts";
import { type Change, type Diffable, diffDocuments } from "../../../config/diff.ts";
import type { Overlay } from "../../../config/overlays.ts";
import type { Principal } from "../authority/principal.ts";
import { diffOverlays } from "../plan/overlay-diff.ts";
import type { OverlayChange } from "../plan/plan.ts";

/** As many as a person reads in an error; GET /v1/revisions/{revision}/diff has all of them. */
const CHANGES_MAX = 100;
const REVISIONS_MAX = 20;

export const PRECONDITION_REQUIRED: AdminRefusal = {
  code: "preconditionRequired",
  detail:
    "Send `If-Match` with the ETag that the change is based on (GET /v1/fleet has it), or `If-Match: *` for whatever the state is.",
};

type Written = { readonly documents: readonly Diffable[]; readonly overlays: readonly Overlay[] };

export type StaleInput = {
  readonly target: { readonly revision: number; readonly digest: string } & Written;
  /** What the caller had seen, when it is still known. */
  readonly seen: (Written & { readonly revision: number }) | undefined;
  /** Who has changed it since, newest first. */
  readonly since: readonly {
    readonly revision: number;
    readonly kind: string;
    readonly author: string;
    readonly reason?: string;
    readonly createdAtMs: number;
  }[];
};

export type WrittenDiff = { readonly documents: readonly Change[]; readonly overlays: readonly OverlayChange[] };

export function diffWritten(before: Written, after: Written): WrittenDiff {
  return {
    documents: diffDocuments(before.documents, after.documents),
    overlays: diffOverlays(before.overlays, after.overlays),
  };
}

export function stale({ target, seen, since }: StaleInput): AdminRefusal {
  const etag = `"${target.digest}"`;
  const detail = `The fleet is at revision ${target.revision} now, which none of the tags in If-Match names.`;
  if (seen === undefined)
    return { code: "preconditionFailed", detail, etag, more: { etag, revision: target.revision } };
  const { documents, overlays } = diffWritten(seen, target);
  const revisions = since.slice(0, REVISIONS_MAX).map(({ revision, kind, author, reason, createdAtMs }) => ({
    ...{ revision, kind, author, createdAtMs },
    ...(reason === undefined ? {} : { reason }),
  }));
  const who = [...new Set(since.map(({ author }) => author))].join(", ");
  return {
    code: "preconditionFailed",
    detail: `${detail} Since revision ${seen.revision}, ${since.length === 1 ? "one change" : `${since.length} changes`} came from ${who}.`,
    etag,
    more: {
      etag,
      revision: target.revision,
      changes: { documents: documents.slice(0, CHANGES_MAX), overlays: overlays.slice(0, CHANGES_MAX) },
      revisions,
    },
  };
}

export function forbidden({ roles }: Pick<Principal, "roles">, actions: readonly string[]): AdminRefusal {
  const have = roles.length === 0 ? "no role" : `the role ${roles.join(", ")}`;
  return {
    code: "forbidden",
    detail: `${actions.join(", ")} is not among the rights of ${have}.`,
    more: { missing: actions },
  };
}

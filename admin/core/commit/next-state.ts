/**
 * A state with the digests under which it is kept, and the one that a proposal makes of it. A proposal that comes to the
 * same digests changes nothing, however it was written.
 */
import { canonicalJson } from "../../../config/canonical.ts";
import type { Proposal } from "../changes/mutation.ts";
import type { FleetState } from "../changes/state.ts";
import { sha256Hex } from "../digest.ts";
import { digestList } from "../json/list-digest.ts";

/** `digest` covers all of the state and is the ETag. */
export type StoredState = {
  readonly state: FleetState;
  readonly digest: string;
  readonly documentsDigest: string;
  readonly overlaysDigest: string;
};

export type NextState = {
  readonly stored: StoredState;
  /** Undefined when the documents are those of the parent. */
  readonly documentsText: string | undefined;
  readonly overlaysText: string;
};

/** Undefined when it would be the same as the target. */
export function nextState(target: StoredState, proposal: Proposal): NextState | undefined {
  // Most changes keep the very same list of documents, and digesting a large fleet again would dominate their cost.
  const rewritten = proposal.documents !== target.state.documents;
  const documentsText = rewritten ? canonicalJson(proposal.documents) : undefined;
  // Of many live overlays a change makes one.
  const { text: overlaysText, digest: overlaysDigest } = digestList(proposal.overlays, target.state.overlays);
  const documentsDigest = documentsText === undefined ? target.documentsDigest : sha256Hex(documentsText);
  const sameDocuments = documentsDigest === target.documentsDigest;
  if (sameDocuments && overlaysDigest === target.overlaysDigest) return undefined;

  // The same documents are the same object, so that what was compiled of them still counts.
  const { documents, fleet } = sameDocuments ? target.state : proposal;
  const state = {
    ...target.state,
    revision: target.state.revision + 1,
    documents,
    fleet,
    overlays: proposal.overlays,
  };
  const digest = stateDigest(state, documentsDigest, overlaysDigest);
  return {
    stored: { state, digest, documentsDigest, overlaysDigest },
    documentsText: sameDocuments ? undefined : documentsText,
    overlaysText,
  };
}

/** The digest over digests: as strong as one over the whole state, and its cost does not grow with the fleet. */
export function stateDigest(
  { environment, revision }: Pick<FleetState, "environment" | "revision">,
  documentsDigest: string,
  overlaysDigest: string,
): string {
  return sha256Hex(canonicalJson({ environment, revision, documents: documentsDigest, overlays: overlaysDigest }));
}

/** Where annotations go and of which changes, from the variables of the admin Worker. Off without an address. */
import { err, ok, type Result } from "../../../config/result.ts";
import type { MutationKind } from "../changes/mutation.ts";

export type AnnotationVariables = {
  /** Of Grafana, without the path of its API: `https://grafana.example`. */
  readonly ANNOTATIONS_URL?: string;
  /** A service account's token that may write annotations. */
  readonly ANNOTATIONS_TOKEN?: string;
  /** Kinds of changes, with commas. */
  readonly ANNOTATIONS_KINDS?: string;
};

export type AnnotationSetting = {
  readonly url: string;
  readonly token: string | undefined;
  readonly kinds: readonly MutationKind[];
};

/** What moves traffic or may: whoever looks at a graph asks for these first. */
const KINDS_DEFAULT: readonly MutationKind[] = [
  ...(["apply", "shiftWeights", "drain", "undrain", "switchFlag", "releaseFlag"] as const),
  ...(["restore", "withdraw", "expire", "batch"] as const),
];

const KINDS: ReadonlySet<string> = new Set<MutationKind>([
  ...KINDS_DEFAULT,
  ...(["freeze", "liftFreeze", "override", "liftOverride"] as const),
  ...(["rotateSecret", "revokeSecret", "compromiseSecret"] as const),
]);

/** `development` permits plain http. */
export function readAnnotationSetting(
  { ANNOTATIONS_URL: url = "", ANNOTATIONS_TOKEN: token = "", ANNOTATIONS_KINDS: kinds = "" }: AnnotationVariables,
  development: boolean,
): Result<AnnotationSetting | undefined, string> {
  if (url === "") return ok(undefined);
  if (!new RegExp(`^${development ? "https?" : "https"}://[^/?#@\\s]+(?:/[^?#\\s]*)?$`).test(url))
    return err(`ANNOTATIONS_URL must be an https address without user, query and fragment`);
  const named = kinds.split(",").flatMap((kind) => (kind.trim() === "" ? [] : [kind.trim()]));
  const unknown = named.filter((kind) => !isKind(kind));
  if (unknown.length > 0)
    return err(`ANNOTATIONS_KINDS names ${unknown.join(", ")}; there are ${[...KINDS].join(", ")}`);
  return ok({
    url: `${url.replace(/\/+$/, "")}/api/annotations`,
    token: token === "" ? undefined : token,
    kinds: named.length === 0 ? KINDS_DEFAULT : named.filter(isKind),
  });
}

function isKind(kind: string): kind is MutationKind {
  return KINDS.has(kind);
}

/** What the body's own fault is comes again with every try. Everything else is put right elsewhere, and tried again. */
export function isFinalRefusal(status: number): boolean {
  return status === 400 || status === 413 || status === 422;
}

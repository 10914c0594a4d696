/**
 * A reference to a container image as people write it: `registry.example/shop/web:3.1@sha256:<64 hex digits>`. Only the
 * digest says what runs; a tag is a name that others may move. The grammar is that of the OCI distribution references.
 */
import * as z from "zod/mini";

export type ImageReference = {
  /** Registry and path, without tag and digest. */
  readonly name: string;
  readonly tag?: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest?: string;
};

const REGISTRY = "(?:[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*(?::\\d{1,5})?/)?";
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*";
const IMAGE_PATTERN = new RegExp(
  `^(${REGISTRY}${COMPONENT}(?:/${COMPONENT})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);

/** Name, tag and digest at their longest. */
const IMAGE_LENGTH_MAX = 500;

/** Undefined for text that is no reference to an image. */
export function parseImage(text: string): ImageReference | undefined {
  const [, name, tag, digest] = IMAGE_PATTERN.exec(text) ?? [];
  if (name === undefined) return undefined;
  return { name, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** A reference as documents hold it. One without a digest can be written; preflight refuses it. */
export const ImageText = z.string().check(
  z.maxLength(IMAGE_LENGTH_MAX),
  z.refine((text: string) => parseImage(text) !== undefined, {
    error: "must be an image reference, as in registry.example/web@sha256:<64 hex digits>",
  }),
);

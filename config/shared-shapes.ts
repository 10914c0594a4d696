/**
 * What documents and snapshots say in the same words. Apart from `documents.ts`, because the edge reads snapshots only
 * and should not load the shapes of all that people can write.
 */
import * as z from "zod/mini";
import { ClusterName, Jurisdiction, ShareBps } from "./ids.ts";
import { HEADER_MATCHES_MAX, PATH_LENGTH_MAX, SELECTOR_CODES_MAX } from "./limits.ts";
import { PlaceSelector, placeFields } from "./place.ts";

export const VISIBLE = z.regex(/^[\x21-\x7e]*$/, "must be printable ASCII without spaces");

/** Text that reaches headers and terminals: printable ASCII, no line breaks, which would forge a header or a log line. */
export const VisibleText = (lengthMax: number) =>
  z.string().check(z.minLength(1), z.maxLength(lengthMax), z.regex(/^[\x20-\x7e]*$/, "must be printable ASCII"));

/** `enabled` takes traffic, `draining` only clients that are already bound there, `disabled` none (HAProxy's three). */
export const AdminState = z.enum(["enabled", "draining", "disabled"]);
export type AdminState = z.infer<typeof AdminState>;

export const Side = z.enum(["stable", "canary"]);
export type Side = z.infer<typeof Side>;

/** The first rule that matches the client says which jurisdictions may serve it; no match means nobody may. */
export const ResidencyRule = z.strictObject({
  clients: PlaceSelector,
  jurisdictions: z.array(Jurisdiction).check(z.minLength(1), z.maxLength(20)),
});
export type ResidencyRule = z.infer<typeof ResidencyRule>;

const PathText = z.string().check(z.startsWith("/", "must start with /"), z.maxLength(PATH_LENGTH_MAX), VISIBLE);

/** `exact` is the whole path, `prefix` matches by whole segments, `pattern` has `:name` segments. */
export const PathMatch = z.union([
  z.strictObject({ exact: PathText }),
  z.strictObject({ prefix: PathText }),
  z.strictObject({ pattern: PathText }),
]);
export type PathMatch = z.infer<typeof PathMatch>;

export const HeaderName = z
  .string()
  .check(z.minLength(1), z.maxLength(100), z.regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, "must be a lower-case header name"));

/** `value` compares the whole field value; without it the field only has to be there. */
export const HeaderMatch = z.strictObject({ name: HeaderName, value: z.exactOptional(VisibleText(500)) });
export type HeaderMatch = z.infer<typeof HeaderMatch>;

/** Places are a union; `asns` and `headers` must match as well when they are there. */
export const SteeringConditions = z.strictObject({
  ...placeFields,
  asns: z.exactOptional(
    z
      .array(z.int().check(z.minimum(1), z.maximum(4_294_967_295)))
      .check(z.minLength(1), z.maxLength(SELECTOR_CODES_MAX)),
  ),
  headers: z.exactOptional(z.array(HeaderMatch).check(z.minLength(1), z.maxLength(HEADER_MATCHES_MAX))),
});
export type SteeringConditions = z.infer<typeof SteeringConditions>;

/** A copy of safe requests, whose answers nobody waits for or sees. Residency holds for it as for every attempt. */
export const Mirror = z.strictObject({ cluster: ClusterName, shareBps: ShareBps });
export type Mirror = z.infer<typeof Mirror>;

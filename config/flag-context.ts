/**
 * What the edge knows of a request when it asks a flag: the names that `var` may take there. SDKs may send more to the
 * OFREP endpoints. Kept small: each is one the decision goes by anyway.
 */
export const EDGE_FLAG_CONTEXT = [
  /** What the service's affinity keeps clients by: the value of its header, else the address (IPv6: its first 64 bits). */
  "targetingKey",
  /** For a steering rule the nearest region of the service, for sides and clusters the one that serves. */
  "region",
  "service",
  "host",
  "path",
  "method",
  "country",
  "subdivision",
  "continent",
  "eu",
] as const;
export type EdgeFlagContextKey = (typeof EDGE_FLAG_CONTEXT)[number];

/**
 * What the examples in the description of the API have in common. They tell one story: revision 17 is the target, and
 * somebody makes revision 18.
 */
export const REVISION = 18;
export const DIGEST = "3f7a0c5f1f6f0b9f0d1c7f4f4b6a2f0f9b5b7c1d2e3f405162738495a6b7c8d9";
export const ETAG = `"${DIGEST}"`;
export const REQUEST_ID = "6b1d3f0e-5c2a-4a7e-9d58-0f1e2d3c4b5a";

/** 1 March 2026, 09:00 UTC. */
export const AT_MS = 1_772_355_600_000;

export const CARRIERS = [
  { name: "kv", revision: REVISION },
  { name: "beacon:weur", revision: REVISION },
];

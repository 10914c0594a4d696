/**
 * Reads a Host header value strictly, before anything else looks at the URL that workerd made of it: user information,
 * slashes and other tricks in it would otherwise change where we think the request goes.
 */
const HOST_PATTERN = /^(?:([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?|(\[[0-9a-f:.]+\]))(?::([0-9]{1,5}))?$/;

/** RFC 1035: a name is at most 253 characters as text. */
const HOST_LENGTH_MAX = 253;

/** Lower case, without port and one trailing dot; undefined when it is no clean `host[:port]`. */
export function normalizeHost(value: string): string | undefined {
  if (value.length > HOST_LENGTH_MAX + 7) return undefined;
  const match = HOST_PATTERN.exec(value.toLowerCase());
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || host.length > HOST_LENGTH_MAX) return undefined;
  const port = match?.[3];
  return port === undefined || Number(port) <= 65_535 ? host : undefined;
}

/**
 * The one write under /v1 that nobody needs a token for: a cluster sends its own status and proves by its signature that
 * it is its own. So it passes the token, the audit log of refusals, and the reading of bodies as JSON before it is known
 * whose they are; its route and the status object see to all three.
 */
const PATH_PATTERN = /^\/v1\/clusters\/[^/]+\/status$/;

export function isStatusPush(request: { readonly method: string; readonly url: string }): boolean {
  return request.method === "PUT" && PATH_PATTERN.test(new URL(request.url).pathname);
}

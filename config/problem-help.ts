/**
 * What each problem means and how to fix it, for the pages that problem `type`s lead to. Apart from the tables of codes
 * because only the admin Worker serves pages, and the edge's bundle should not carry them.
 */
import { ADMIN_PROBLEMS, type AdminProblemCode } from "./admin-problems.ts";
import { EDGE_PROBLEMS, type EdgeProblemCode } from "./errors.ts";

export type ProblemHelp = { readonly means: string; readonly fix: string };

const EDGE_HELP = {
  hostInvalid: {
    means: "The Host header is missing, repeated, or not a plain host name with an optional port.",
    fix: "Send one Host header that holds only the name and port of the site.",
  },
  geoInvalid: {
    means:
      "This edge runs in development, where the Fairlead-Geo header says where a client is, and it was not readable.",
    fix: 'Send JSON with field names of request.cf, as in {"country":"DE"}; detail says what was wrong.',
  },
  methodRefused: {
    means: "The edge does not pass on this method: TRACE would show a client what others added to its request.",
    fix: "Use another method.",
  },
  loop: {
    means:
      "The request has been through this edge before: a cluster's endpoint leads back to a host that the edge serves.",
    fix: "Point the endpoint of the cluster at the cluster itself, not at the public host.",
  },
  hostUnknown: {
    means: "No route names this host, so nothing here may answer for it.",
    fix: "Check the name. If it should be served, add it to the hosts of a route and apply the fleet.",
  },
  noRoute: {
    means: "Routes name this host, but none matches the path, method and headers of the request.",
    fix: "Check the address. GET /v1/explain says for any request which routes were looked at.",
  },
  residencyDenied: {
    means: "The residency rules of the service let no jurisdiction serve clients from this place.",
    fix: "Nothing can be done from here. If these clients should be served, add a residency rule that matches them.",
  },
  residencyUnavailable: {
    means:
      "Some regions may serve this client, but all of them are drained, disabled or down; others may not take over.",
    fix: "Try again in a moment. Operators: end a drain, or bring a cluster back, in a region of the right jurisdiction.",
  },
  noEligibleRegion: {
    means: "Every region of the service is drained or disabled.",
    fix: "Try again in a moment. Operators: end a drain; GET /v1/fleet lists what is drained and by whom.",
  },
  noHealthyCluster: {
    means:
      "Too few clusters of the service are healthy, and the route says to refuse rather than to try unhealthy ones.",
    fix: "Try again in a moment. Operators: GET /v1/health says what the probes of each cluster found.",
  },
  upstreamRefused: {
    means: "The clusters that were tried refused the connection, so none of them has seen the request.",
    fix: "Try again. Operators: see whether the clusters run and listen at their endpoints.",
  },
  upstreamLost: {
    means: "The connection broke before an answer began. The cluster may have acted on the request.",
    fix: "Try again if doing it twice does no harm. Operators: look for crashes and for proxies that reset connections.",
  },
  upstreamInvalid: {
    means: "A cluster answered with something that is not HTTP, or that must not be passed on.",
    fix: "Operators: see what listens at the endpoint; a port for HTTPS that is asked in plain HTTP looks like this.",
  },
  upstreamTimeout: {
    means: "No cluster began to answer within the timeouts of the service. One may still act on the request.",
    fix: "Try again if doing it twice does no harm. Operators: find the slow cluster, or allow more time in the timeouts.",
  },
  internal: {
    means: "Fairlead itself failed. The log has more under the request id of the answer.",
    fix: "Try again. If it stays, look the request id up in the log and report what you find.",
  },
} as const satisfies Record<EdgeProblemCode, ProblemHelp>;

const ADMIN_HELP = {
  unauthenticated: {
    means: "The request has no bearer token, or one that is not valid here.",
    fix: "Send `Authorization: Bearer ...` with the token of this environment.",
  },
  notFound: {
    means: "The API has no such address.",
    fix: "See /openapi.json for all addresses; they end without a slash.",
  },
  regionUnknown: {
    means: "No Region document of the fleet has this name.",
    fix: "Check the name; `didYouMean` in the answer names the nearest that exists.",
  },
  clusterUnknown: {
    means: "No Cluster document of the fleet, written or made by a template, has this name.",
    fix: "Check the name; `didYouMean` in the answer names the nearest that exists.",
  },
  revisionUnknown: {
    means: "The environment has not got that far, or never had this revision.",
    fix: "GET /v1/revisions lists those that exist.",
  },
  methodNotAllowed: {
    means: "There is something at this address, but it does not take this method.",
    fix: "Use one of the methods in the Allow header of the answer.",
  },
  contentTypeUnsupported: {
    means: "Bodies are read as JSON and nothing else, without compression.",
    fix: "Send the body with `content-type: application/json` and no content coding.",
  },
  bodyTooLarge: {
    means: "The body has more bytes than the API reads.",
    fix: "Send less; documents that repeat each other are shorter as a ClusterTemplate.",
  },
  bodyTimeout: {
    means: "The body did not arrive in time.",
    fix: "Send it again over a better connection.",
  },
  bodyMalformed: {
    means:
      "The body is not JSON, or JSON that programs read differently: a repeated key, a number too large, half a character.",
    fix: "Correct the places that `errors` names.",
  },
  parameterInvalid: {
    means: "A parameter of the address has a wrong value, or there is no such parameter.",
    fix: "Correct what `errors` names; /openapi.json lists the parameters of each address.",
  },
  bodyInvalid: {
    means: "The body is JSON, but a field is missing, unknown, or has a wrong value.",
    fix: "Correct the fields that `errors` names; /openapi.json describes the body.",
  },
  documentsInvalid: {
    means: "The documents contradict each other or themselves. Nothing was changed.",
    fix: "Correct what `errors` names; `npm run validate` says the same of a folder, with lines.",
  },
  weightsInvalid: {
    means:
      "The rule does not exist, names no such region, has no weights, or would be left with a sum of 0. Nothing was changed.",
    fix: "Correct what `errors` names.",
  },
  drainInvalid: {
    means: "The times of the drain are too short, too long, or do not go together. Nothing was changed.",
    fix: "Correct what `errors` names.",
  },
  lastRegion: {
    means: "After this drain no region would take new clients of a service. Nothing was drained.",
    fix: "End another drain first, or bring another region up.",
  },
  commitContended: {
    means: "Other changes kept being made while this one was prepared. Nothing was changed.",
    fix: "Try again.",
  },
  preconditionFailed: {
    means:
      "If-Match names a state that is not the current one: somebody has changed the fleet since. Nothing was changed.",
    fix: "Read GET /v1/fleet, see whether the change is still right, and send it with the new ETag.",
  },
  internal: EDGE_HELP.internal,
  unavailable: {
    means: "The control plane is starting, overloaded, or lacks a setting. Edges serve on meanwhile.",
    fix: "Try again in a moment; if it stays, `detail` and the log say more.",
  },
} as const satisfies Record<AdminProblemCode, ProblemHelp>;

export type ProblemPage = ProblemHelp & { readonly code: string; readonly title: string; readonly status: number };

/** By code, of the edge and of the API; a code that both have means the same in both. */
export const PROBLEM_PAGES: ReadonlyMap<string, ProblemPage> = new Map(
  [...pagesOf(EDGE_PROBLEMS, EDGE_HELP), ...pagesOf(ADMIN_PROBLEMS, ADMIN_HELP)].map((page) => [page.code, page]),
);

function pagesOf<C extends string>(
  problems: Readonly<Record<C, Pick<ProblemPage, "status" | "title">>>,
  help: Readonly<Record<C, ProblemHelp>>,
): readonly ProblemPage[] {
  // The keys of a table that was written out are its codes.
  return (Object.keys(problems) as C[]).map((code) => {
    const { status, title } = problems[code];
    return { code, status, title, ...help[code] };
  });
}

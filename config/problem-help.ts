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
  replicaLagging: {
    means:
      "The clusters that could serve this report that their copies of the data are further behind than the service tolerates for this kind of request.",
    fix: "Try again in a moment. Operators: see in GET /v1/health who is behind and why; `replicaLag` of the service says how much is tolerated.",
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
  signatureInvalid: {
    means: "A cluster may write its own status only, and this one is not signed with the `statusKey` of that cluster.",
    fix: 'Send `Fairlead-Signature: ed25519=<base64>`, over "fairlead-status/1", a line feed and the exact bytes of the body.',
  },
  forbidden: {
    means:
      "The token is good, but its roles do not include this. Making things safer (drain, freeze) needs the fewest rights.",
    fix: "Ask somebody whose role includes it; detail names the action and your roles.",
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
    means: "The environment has not got that far, or the revision is so old that its documents are no longer kept.",
    fix: "GET /v1/revisions lists those that exist.",
  },
  flagUnknown: {
    means: "No Flag document of the fleet has this name, and it is not switched.",
    fix: "Check the name; `didYouMean` in the answer names the nearest that exists.",
  },
  freezeUnknown: {
    means: "No freeze of this name is in force; it may have ended by itself.",
    fix: "GET /v1/freezes lists those in force.",
  },
  overrideUnknown: {
    means: "No override of this name is in force; it may have ended by itself.",
    fix: "GET /v1/overrides lists those in force.",
  },
  secretUnknown: {
    means: "No cluster has this secret among its `reports.secrets`, or none of the service that was named.",
    fix: "GET /v1/secrets lists them. A new secret is declared with the clusters that must have it.",
  },
  approvalUnknown: {
    means: "No change with this id waits or waited for approval.",
    fix: "GET /v1/approvals lists them.",
  },
  incidentUnknown: {
    means: "There never was an incident with this id.",
    fix: "GET /v1/incidents lists them.",
  },
  alertUnknown: {
    means: "There is no open alert with this id: it is over, or there never was one.",
    fix: "GET /v1/alerts lists those that are open, GET /v1/alerts/history those that are over.",
  },
  webhookUnknown: {
    means: "No Webhook of the fleet has this name.",
    fix: "Check the spelling; GET /v1/webhooks lists them, and a new one is a document of kind Webhook.",
  },
  deliveryUnknown: {
    means: "There is no delivery with this id. They are kept for thirty days.",
    fix: "GET /v1/webhooks/deliveries lists them.",
  },
  auditUnknown: {
    means: "The audit log is not that long, or there is no checkpoint yet.",
    fix: "GET /v1/audit says how long it is; checkpoints are made every minute while it grows.",
  },
  methodNotAllowed: {
    means: "There is something at this address, but it does not take this method.",
    fix: "Use one of the methods in the Allow header of the answer.",
  },
  contentTypeUnsupported: {
    means: "Bodies are read as JSON, a backup as lines of JSON, and nothing else; without compression.",
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
  expiryInvalid: {
    means:
      "The time in `expiresIn` is too short or too long. What is set for a while has an end, so that nothing is forgotten.",
    fix: "Use a duration within the bounds that detail names; set it again before it ends to extend it.",
  },
  clearInvalid: {
    means: "What `clear` names is not in force: somebody has ended it, or the names are wrong. Nothing was changed.",
    fix: "GET /v1/fleet lists the live overlays; the plan of a dry run says which of them stay.",
  },
  freezeInvalid: {
    means: "The freeze names regions or routes that the fleet does not have. Nothing was changed.",
    fix: "Correct what `errors` names; leave `regions` and `routes` out to freeze everything.",
  },
  overrideInvalid: {
    means: "The override names safety rules that do not exist. Nothing was changed.",
    fix: "Correct what `errors` names; verdicts of a plan say how each rule is called.",
  },
  secretInvalid: {
    means: "The rotation is not at the point where this step can be taken. Nothing was changed.",
    fix: "Do what detail says; GET /v1/secrets shows how far the rotation is and whom it waits for.",
  },
  webhookSecretInvalid: {
    means: "A standard webhook signs with a secret of 24 to 64 bytes, and one for Slack has a token in its address.",
    fix: "Leave `secret` out to have one made for a standard webhook, or send one of the form that detail names.",
  },
  statusInvalid: {
    means: "The status is not of the form that is expected, of another cluster, or of another time. Nothing was kept.",
    fix: "Correct what `errors` names. The clock of the cluster may be off by five minutes at most.",
  },
  preflightInvalid: {
    means: "The lists `services` and `clusters` name what the documents do not have, or no cluster is in both of them.",
    fix: "Correct the names, or leave the lists out to ask about everything.",
  },
  restoreInvalid: {
    means: "That revision lacks documents that were asked for. Nothing was changed.",
    fix: "Correct what `errors` names; GET /v1/deleted says in which revision a document was last there.",
  },
  backupInvalid: {
    means: "The backup is damaged, of another environment, or of a newer release. Nothing was restored.",
    fix: "Take the file as GET /v1/backup gave it; detail says what does not fit.",
  },
  ruleDenied: {
    means:
      "The state after the change would break a safety rule, or it is too soon or the wrong time for the change. Nothing was changed.",
    fix: "See in `verdicts` which rule, with its numbers. Change less, wait, or, in an emergency, set an override (POST /v1/overrides).",
  },
  managedByOther: {
    means:
      "A pipeline or somebody else has set what you are about to change, and would set it again. Nothing was changed.",
    fix: "Change it where it is managed, or send `takeOver: true` to take it over.",
  },
  planStale: {
    means:
      "What was planned would do something else now: the fleet has changed, or a rule says something else. Nothing was changed.",
    fix: "Plan again with ?dryRun=true, look at it, and commit with the new digest.",
  },
  approvalClosed: {
    means: "The change was approved, rejected, or ran out of time already.",
    fix: "GET /v1/approvals/{id} says what became of it; ask for the change again if it is still wanted.",
  },
  approvalOwn: {
    means: "Who asked for the change, or has approved it once, is not the second person.",
    fix: "Ask somebody else with the role of an approver.",
  },
  statusReplayed: {
    means: "Its time is not later than that of the last status of this cluster: it was sent before.",
    fix: "Send the status of now, with a new `atMs`.",
  },
  incidentClosed: {
    means: "Somebody has closed this incident.",
    fix: "Nothing needs to be done; open a new one if there is more.",
  },
  environmentNotEmpty: {
    means:
      "A backup is only restored into an environment that nobody has written to, so that nothing is lost. Nothing was restored.",
    fix: "Restore into a new environment, or use POST /v1/revisions/{revision}/restore for an old revision of this one.",
  },
  idempotencyRunning: {
    means: "A request with this Idempotency-Key has arrived and is not answered yet.",
    fix: "Send it again in a moment: then it is answered with what came of the first.",
  },
  idempotencyMismatch: {
    means: "This Idempotency-Key was used within the last day for a request with another content. Nothing was changed.",
    fix: "Use a new key for a new request; the same key is for sending the very same request again.",
  },
  preconditionFailed: {
    means:
      "If-Match names a state that is not the current one: somebody has changed the fleet since. Nothing was changed.",
    fix: "See in `changes` and `revisions` what changed and who did it. If yours is still right, send it with the new ETag.",
  },
  rateLimited: {
    means: "This key has asked for flags more often than one Worker answers.",
    fix: "Wait for as long as Retry-After says. Ask for all flags at once, with If-None-Match, instead of one by one.",
  },
  preconditionRequired: {
    means:
      "A change says in If-Match which state it is based on, so that nobody overwrites what they have not seen. Nothing was changed.",
    fix: "Send `If-Match` with the ETag of GET /v1/fleet; in an emergency `If-Match: *`, which means whatever the state is.",
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

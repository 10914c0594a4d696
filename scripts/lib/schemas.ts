/**
 * JSON Schema 2020-12 for editors, made from the zod source that the parser itself uses: one file for each kind and one
 * for all. Only shape is said in them; what must hold between documents is checked by `npm run validate`.
 */
import * as z from "zod/mini";
import { DOCUMENT_SCHEMAS, type DocumentKind } from "../../config/documents.ts";

const SCHEMA_BASE = "https://fairlead.dev/schema/v1";
const DIALECT = "https://json-schema.org/draft/2020-12/schema";

const KINDS = Object.keys(DOCUMENT_SCHEMAS) as readonly DocumentKind[]; // the keys of that literal

/** What an editor shows beside a kind. */
const KIND_DESCRIPTIONS: Readonly<Record<DocumentKind, string>> = {
  Region: "A place that runs clusters: where it is, which jurisdictions it satisfies, how much it can carry.",
  Service: "What routes lead to: who may be served from where, how clients stay where they are, retries and timeouts.",
  Cluster: "One group of interchangeable backends of a service in a region, behind one endpoint.",
  ClusterTemplate: "One description for many clusters; its placeholders are replaced by the values of an Environment.",
  Environment: "The values that make clusters of templates, for one environment.",
  Route: "Which requests go to a service, and by which weights to which regions.",
  Webhook: "Where alerts and other events are sent, which of them, and in which form.",
  Monitor: "Several probes that together say how the clusters of a service are.",
  Flag: "A feature flag in the words of flagd: what steering rules, sides, clusters and SDKs go by.",
  Evaluator: 'What the targeting of several flags has in common; they name it by {"$ref": ...}.',
  Policy: "The safety rules that every change is held to, who must approve, and how revisions are let out.",
};

/** What an editor shows beside a field, where its name and type do not say it. By kind and dotted path. */
const FIELD_DESCRIPTIONS: Readonly<Record<string, string>> = {
  "Region spec.vantage": "Location hint of a Durable Object: where the region is probed from and its beacon lives.",
  "Region spec.jurisdictions": "Labels of your own (eu, in, us-gov) that a service's residency may require.",
  "Service spec.residency":
    "The first rule that matches the client says which jurisdictions may serve it; no match: nobody may.",
  "Service spec.canaryShareBps": "The canary side's part of each region's traffic in basis points (1000 is 10%).",
  "Service spec.affinity": "What keeps a client on its region and cluster; clientAddress when left out.",
  "Service spec.recovery": "How a cluster, and with it its region, comes back after it was away: not all at once.",
  "Service spec.recovery.holdDown":
    "How long it stays out at least, however soon probes succeed again; 20s when left out.",
  "Service spec.recovery.ramp": "From its return to its full weight; 60s when left out.",
  "Service spec.recovery.floorPercent":
    "Percent of its weight at the start of the ramp; 10 when left out, 100: no ramp.",
  "Service spec.load.lean": "Weights lean towards clusters and regions with headroom, by the load they report.",
  "Service spec.load.shed":
    "Percent of utilization: below low nobody leaves a region, from high on everybody who can. Off when left out.",
  "Service spec.timeouts.firstByte": "How long one attempt waits for response headers, as in 5s.",
  "Service spec.timeouts.total": "How long all attempts together may take until response headers, as in 15s.",
  "Service spec.objectives": "What clients are promised, in each region that runs the service; alerts go by it.",
  "Service spec.objectives.availability": "targetPpm: of a million requests, so many do not fail (999000 is 99.9%).",
  "Service spec.objectives.latency": "targetPpm: of a million requests, so many have an answer within the threshold.",
  "Service spec.objectives.window": "What the error budget is for: 7d, 28d or 30d; 30d when left out.",
  "Service spec.objectives.requestsMin":
    "Requests that the long window of a rule must have, else nothing is judged by it; 100 when left out.",
  "Service spec.objectives.regions": "Regions that promise something else, or nothing (off).",
  "Service spec.objectives.runbook": "Where people read what to do about it.",
  "Cluster spec.endpoint": "Scheme, host and port; the path of each request is appended.",
  "Cluster spec.weight": "Relative to the other clusters of its side in its region. 0 means none.",
  "Cluster spec.side": "Which side of a split it serves; stable when left out.",
  "Route spec.steering": "Tried in order; the first rule that matches the client gives the weights of the regions.",
  "Route spec.default": "When no steering rule matches: by weights, by distance, or by measured latency.",
  "Route spec.mirror": "Copies a part of the safe requests to another cluster; nobody waits for its answers.",
  "Route spec.failover.order": "proximity (every other region, nearest first), none, or a list of regions.",
  "Flag spec.state": "DISABLED: off, whatever the variants are. An operator can switch it without changing this.",
  "Flag spec.variants": "By name; all values are of one type: boolean, string, number or object.",
  "Flag spec.defaultVariant": "For whom targeting gives none. Null or left out: the default that the code states.",
  "Flag spec.targeting": "JSON Logic as flagd has it; its result is the name of a variant.",
  "Flag spec.regions":
    "What a region does otherwise: another state, or an exact share of a variant in the place of targeting.",
  "Flag spec.staleAfter": "The day from which the flag is listed as stale, or never.",
  "Evaluator spec.logic": "An expression that stands wherever a flag refers to it.",
  "Service spec.canaryFlag": "Clients for whom the flag has this variant are served by the canary side.",
  "Service spec.flags": "Flags whose values its clusters are handed with every request, in Fairlead-Flags.",
  "Policy spec.safety": "What every change is held to. A rule that is left out has its default; off switches it off.",
  "Policy spec.safety.assertions": "What must hold after every change: ATLEAST, AND or OR of switches that are on.",
  "Policy spec.safety.gates": "While a gate does not hold, nothing of its targets may be changed.",
  "Policy spec.safety.acceptingRegionsMin": "Regions that take new clients, of each service that has any; 1.",
  "Policy spec.safety.healthyClustersMin":
    "Clusters that take new clients and are not down, for each residency rule; 1.",
  "Policy spec.safety.utilizationMaxPercent": "Projected requests/s of a region as a part of its capacity; 100.",
  "Policy spec.safety.stepMaxBps": "By how much one region's share of one rule may rise in one change; 5000 (half).",
  "Policy spec.safety.shiftPerHourMaxBps": "How much of one rule's traffic may move within an hour, summed; 10000.",
  "Policy spec.safety.midChange":
    "Regions draining or coming back, and their part of all traffic; refused when both limits are passed; 1 and 2500.",
  "Policy spec.safety.waitSame": "Between two changes of the same thing; 5s.",
  "Policy spec.safety.waitOpposite": "Between two changes of the same thing in opposite directions; 60s.",
  "Policy spec.safety.removalMaxPercent":
    "Percent of the documents of one kind, or of the live overlays, that one person alone may remove at once; 50.",
  "Policy spec.safety.errorBudgetMinPercent":
    "More than so much of the error budget must be left of what a change is on; 0: it is not spent. Off when left out.",
  "Policy spec.approvals": "Which changes wait for how many other people. Without it none do, but large removals.",
  "Policy spec.publishing": "A new revision is served by one vantage alone for a while, and everywhere after that.",
  "Policy spec.alerts.incidentSeverity":
    "Of the incident that a page opens: 1, 2 (both hold changes back), 3 or off; 3.",
  "Webhook spec.url": "https, a public name, and a path; {secret} stands for a token of the receiver's (Slack).",
  "Webhook spec.format": "standard: signed after the Standard Webhooks specification. slack: a message, not signed.",
  "Webhook spec.events": "Types of events or groups of them (alert.*); alerts and incidents when left out.",
  "Webhook spec.severities": "Of alerts only these: page, ticket. Both when left out.",
  "Webhook spec.default": "Gets what no owner takes.",
  "Webhook spec.secret": "The name of its secret, whose value is set over the API; its own name when left out.",
  "Webhook spec.timeout": "How long the receiver may take for an answer; 5s when left out.",
  "Policy spec.demand": "How much traffic to reckon with until edges have reported some.",
};

type JsonObject = { [key: string]: unknown };

/** File name to text, for `config/schema/`. */
export function renderSchemas(): ReadonlyMap<string, string> {
  const files = new Map(KINDS.map((kind) => [`${kind.toLowerCase()}.schema.json`, kindSchema(kind)]));
  files.set("fleet.schema.json", fleetSchema());
  return new Map([...files].map(([name, schema]) => [name, `${JSON.stringify(schema, undefined, 2)}\n`]));
}

function kindSchema(kind: DocumentKind): JsonObject {
  const id = `${SCHEMA_BASE}/${kind.toLowerCase()}.schema.json`;
  return { $schema: DIALECT, $id: id, ...describedShape(kind) };
}

/** Holds every kind in itself, so that an editor needs one file and no network. */
function fleetSchema(): JsonObject {
  return {
    $schema: DIALECT,
    $id: `${SCHEMA_BASE}/fleet.schema.json`,
    title: "Fairlead document",
    description: "Any document of a fleet.",
    oneOf: KINDS.map((kind) => ({ $ref: `#/$defs/${kind}` })),
    $defs: Object.fromEntries(KINDS.map((kind) => [kind, describedShape(kind)])),
  };
}

function describedShape(kind: DocumentKind): JsonObject {
  const { $schema: _, ...shape } = z.toJSONSchema(DOCUMENT_SCHEMAS[kind], { target: "draft-2020-12", io: "input" });
  for (const [key, description] of Object.entries(FIELD_DESCRIPTIONS)) {
    const [owner, dotted = ""] = key.split(" ");
    if (owner === kind) describe(shape, dotted.split("."), description);
  }
  return { title: kind, description: KIND_DESCRIPTIONS[kind], ...shape };
}

/** Throws when there is no such field: a description of nothing is stale. */
function describe(schema: JsonObject, path: readonly string[], description: string): void {
  let found: JsonObject = schema;
  for (const key of path) {
    const child = isObject(found.properties) ? found.properties[key] : undefined;
    if (!isObject(child)) throw new Error(`no field ${path.join(".")} to describe`);
    found = child;
  }
  found.description = description;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

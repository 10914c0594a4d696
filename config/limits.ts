/**
 * Every limit of the contract, each with its reason. The same numbers hold in the API, the command line, the compiler
 * and the edge, so that what one accepts none of the others refuses.
 */

/** A DNS label: names become host parts, metric labels, header values and storage keys (RFC 1035 §2.3.4). */
export const NAME_LENGTH_MAX = 63;

/** Rendezvous hashing is linear in the regions of a route; at 64 it still costs about a microsecond. */
export const REGIONS_MAX = 64;

/** Bounds compile and load time: 5,000 clusters load well inside the 1 s start-up limit of a Worker. */
export const CLUSTERS_MAX = 5_000;

/** Routes are indexed, so their number costs memory, not time per request. */
export const ROUTES_MAX = 5_000;

export const SERVICES_MAX = 2_000;
export const TEMPLATES_MAX = 200;
export const ENVIRONMENTS_MAX = 50;
/** Teams, not people; each is looked at for every event. */
export const WEBHOOKS_MAX = 200;
/** One for each type of event and as many again. */
export const EVENT_FILTERS_MAX = 20;
/** On a local network an answer takes less; waiting for longer holds up the next delivery to the same receiver. */
export const WEBHOOK_TIMEOUT_MS_MIN = 100;
export const WEBHOOK_TIMEOUT_MS_DEFAULT = 5_000;
export const WEBHOOK_TIMEOUT_MS_MAX = 30_000;

/** What telemetry can tell apart: less is no time for a network, more is no latency. */
export const LATENCY_OBJECTIVE_MS_MIN = 1;
export const LATENCY_OBJECTIVE_MS_MAX = 60_000;
/** In an hour; with fewer, one failure would be more than 1%, and at 99.9% it is 1.44% that pages. */
export const OBJECTIVE_REQUESTS_MIN_DEFAULT = 100;

/** Only those that a route or a service goes by reach the edge; SDKs that ask for all of them get some 200 KB. */
export const FLAGS_MAX = 1_000;
export const EVALUATORS_MAX = 200;
/** Experiments have a handful of variants; a flag with more is a table, and tables belong to the application. */
export const FLAG_VARIANTS_MAX = 50;
export const FLAG_METADATA_MAX = 20;
/** Characters of a flag's spec as JSON, its evaluators in their places: a few hundred at the edge fit into a snapshot. */
export const FLAG_LENGTH_MAX = 16 * 1024;
/** Levels of JSON in one expression: the document around it takes the rest of `BODY_DEPTH_MAX`. */
export const FLAG_LOGIC_DEPTH_MAX = 24;
/** Operators and operands of a flag, its evaluators in their places: each costs some 20 ns when all are asked. */
export const FLAG_LOGIC_NODES_MAX = 1_000;
/** Names of flags that one service is handed: with values of usual length they stay far below 8 KiB of header lines. */
export const FLAGS_PER_SERVICE_MAX = 20;
/** One header line, of the 8 KiB that servers commonly take for all of them. */
export const FLAGS_HEADER_BYTES_MAX = 4 * 1024;
/** What SDKs send of a client; flagd's own limit is a message of 4 MB, and nobody targets by that much. */
export const FLAG_CONTEXT_BYTES_MAX = 64 * 1024;

/** All documents of one fleet together; the sum of the kinds above with room to spare. */
export const DOCUMENTS_MAX = 15_000;

/** Rules are tried in order for each request, so their number is a cost on the request path. */
export const STEERING_RULES_MAX = 50;

/** Country, subdivision or ASN codes in one selector; Cloudflare's pool sets stop at the same figure. */
export const SELECTOR_CODES_MAX = 1_000;

export const HOSTS_PER_ROUTE_MAX = 100;
export const PATHS_PER_ROUTE_MAX = 100;
/** Hosts times paths of all routes together: what the edge's index holds, some 200 bytes each in an isolate's 128 MB. */
export const ROUTE_ENTRIES_MAX = 50_000;
export const HEADER_MATCHES_MAX = 10;
export const RESIDENCY_RULES_MAX = 50;

/** Of a path in a route: as deep as the tree is that requests are walked along. A longer path of a request can only match a prefix. */
export const PATH_SEGMENTS_MAX = 64;
export const PATH_LENGTH_MAX = 1_024;

/** Sums of weights stay exact integers far below 2^53 with this many regions and clusters. */
export const WEIGHT_MAX = 1_000_000;

/** One canary split is exact to a hundredth of a percent. */
export const SHARE_BPS_TOTAL = 10_000;

/** A request is tried at most this often; DESIGN §5 bounds amplification, this bounds one unlucky request. */
export const ATTEMPTS_MAX = 5;

/** One try and two more: survives a dead cluster and a dead region, and triples nothing unless all is dead. */
export const ATTEMPTS_DEFAULT = 3;

/** KV values may be 25 MiB; an isolate holds 128 MB. Two parsed snapshots and their texts must fit beside traffic. */
export const SNAPSHOT_BYTES_MAX = 8 * 1024 * 1024;

/** What the control plane reads of one request body; a Durable Object row holds 2 MB. */
export const BODY_BYTES_MAX = 8 * 1024 * 1024;

/** JSON nesting: documents need about 8; structuredClone overflows the stack near 5,000. */
export const BODY_DEPTH_MAX = 32;

/** Drains and overrides end by themselves, so nobody finds a forgotten one in a year (ARC zonal shift: 72 h). */
export const OVERLAY_EXPIRES_MS_DEFAULT = 4 * 3_600_000;
export const OVERLAY_EXPIRES_MS_MAX = 72 * 3_600_000;
export const OVERLAY_EXPIRES_MS_MIN = 60_000;

/** A freeze covers a holiday season, and no more. */
export const FREEZE_EXPIRES_MS_MAX = 31 * 86_400_000;

/** How long bound clients may stay on a region that drains gracefully. */
export const DRAIN_DEADLINE_MS_DEFAULT = 15 * 60_000;
export const DRAIN_DEADLINE_MS_MAX = 24 * 3_600_000;

/** One line in an audit table, one tweet of explanation. */
export const REASON_LENGTH_MAX = 500;
export const TICKET_LENGTH_MAX = 100;

/** An unanswered connect ends in Cloudflare's 522 after 19 s; ours must be able to fail over before that. */
export const FIRST_BYTE_MS_DEFAULT = 15_000;
export const FIRST_BYTE_MS_MAX = 120_000;

/** The whole life of the attempts until response headers; streaming bodies may take as long as they like. */
export const TOTAL_MS_DEFAULT = 30_000;
export const TOTAL_MS_MAX = 300_000;

/** Cloudflare's own affinity cookie lives 23 hours: one working day, and gone the next. */
export const AFFINITY_MAX_AGE_MS_DEFAULT = 23 * 3_600_000;
/** `Max-Age` of a cookie counts whole seconds (RFC 6265 §5.2.2); 0 would delete it. */
export const AFFINITY_MAX_AGE_MS_MIN = 1_000;
/** A cluster rarely stays the same for longer, and a cookie that outlives it binds to nothing. */
export const AFFINITY_MAX_AGE_MS_MAX = 30 * 86_400_000;

/** Envoy's slow start examples use a minute; a tenth of the weight at its start is its default. */
export const RECOVERY_RAMP_MS_DEFAULT = 60_000;
export const RECOVERY_RAMP_MS_MAX = 3_600_000;
export const RECOVERY_FLOOR_PERCENT_DEFAULT = 10;

/** Two probe intervals: what flaps faster than that is not back. */
export const RECOVERY_HOLD_DOWN_MS_DEFAULT = 20_000;
export const RECOVERY_HOLD_DOWN_MS_MAX = 3_600_000;

/** Between two probes of one cluster: ten seconds keep 5,000 clusters at 500 probes a second. */
export const HEALTH_INTERVAL_MS_DEFAULT = 10_000;
/** Every vantage probes every cluster: with eleven of them, one at this pace gets two probes a second. */
export const HEALTH_INTERVAL_MS_MIN = 5_000;
/** On one machine there is one prober for each demo region, and tests that must not wait. */
export const HEALTH_INTERVAL_MS_MIN_DEVELOPMENT = 500;
/** Slower than this, health says nothing about now. */
export const HEALTH_INTERVAL_MS_MAX = 3_600_000;

/** Probes that one cluster gets in a minute, over all vantages and checks: ten a second are noticed, but not felt. */
export const PROBES_PER_MINUTE_MAX = 600;
/** Intervals in development are a tenth of production's. */
export const PROBES_PER_MINUTE_MAX_DEVELOPMENT = 6_000;

/** What a check looks for stands at the beginning of an answer; the rest is not read, however long it is. */
export const PROBE_BODY_BYTES_MAX = 16 * 1024;

/** A probe that takes longer counts as failed; always shorter than the interval. */
export const HEALTH_TIMEOUT_MS_DEFAULT = 2_000;
export const HEALTH_TIMEOUT_MS_MAX = 30_000;

/** What an edge knows of a lag went from cluster to prober to beacon to it and is seconds old: less cannot be held. */
export const REPLICA_LAG_MS_MIN = 1_000;
/** Clusters report no more than this (`cluster-status.ts`), so a larger limit would never act. */
export const REPLICA_LAG_MS_MAX = 30 * 86_400_000;

/** Every change is held against every assertion and gate, each with a list of controls. */
export const SAFETY_RULES_MAX = 100;
/** What has been turned is remembered for an hour, so no wait and no sum can look back further. */
export const SAFETY_WAIT_MS_MAX = 3_600_000;

/** Clusters are asked every few seconds, and one that is being replaced differs for a moment. */
export const DRIFT_AGE_MS_MIN = 10_000;
/** What may differ for longer than a season is not drift but a fleet that is declared wrongly. */
export const DRIFT_AGE_MS_MAX = 90 * 86_400_000;

/** A rotation takes its steps by hand or by pipeline, and each of them some reports of every cluster. */
export const SECRET_AGE_MS_MIN = 60_000;
/** Five years: nobody who made it is there any more. */
export const SECRET_AGE_MS_MAX = 5 * 365 * 86_400_000;

/** One rule for each action and as many again; more say nothing new. */
export const APPROVAL_RULES_MAX = 50;
/** Whoever needs six people to sign needs a meeting. */
export const APPROVALS_MAX = 5;

/** Edges ask for a new revision every few seconds; a canary that was over before would have been seen by nobody. */
export const PUBLISHING_HOLD_MS_MIN = 1_000;
/** Meanwhile the rest of the world serves the old revision, and nobody should have to wonder for longer which. */
export const PUBLISHING_HOLD_MS_MAX = 3_600_000;

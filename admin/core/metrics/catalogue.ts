/**
 * Every metric there is: names, what they say, by which labels, and how many series at most. Rules and dashboards may use
 * these and no others (`test/core/metrics/shipped.test.ts`). A label is a name of the fleet, a vantage, or one of a few
 * words; never a path, a user or a data centre. `ops/METRICS.md` is this list, for people.
 */
import type { Definition } from "./family.ts";

/** Services in regions. A fleet with more shows the first, by name. */
const PLACES_MAX = 1_000;
/** Clusters at vantages: 180 clusters seen from everywhere, and thousands from one place. */
const PROBED_MAX = 2_000;
const VANTAGES_MAX = 11;

export const METRICS = {
  // What edges did.
  requests: {
    ...{ name: "edge_requests_total", type: "counter", seriesMax: 5_000 },
    labels: ["service", "region", "cluster", "side", "status_class"],
    help: "Requests by the cluster that answered, or was asked last, and the class of the status; own: an answer of the edge itself with 500 and above.",
  },
  failovers: {
    ...{ name: "edge_failovers_total", type: "counter", seriesMax: 2_000 },
    labels: ["service", "region", "cluster", "side"],
    help: "Attempts on the cluster that failed, after which another cluster was asked; their requests are counted where they ended.",
  },
  requestDuration: {
    ...{ name: "edge_request_duration_seconds", type: "histogram", unit: "seconds", seriesMax: 600 },
    labels: ["service", "region", "side", "outcome"],
    help: "Time from the arrival of a request at the edge to the head of its answer; bad: 5xx and own.",
  },
  telemetryLostReports: {
    ...{ name: "edge_telemetry_lost_reports_total", type: "counter", labels: [], seriesMax: 1 },
    help: "Reports that edges or data centres gave up; their requests are missing in all figures of requests.",
  },
  telemetryLostRequests: {
    ...{ name: "edge_telemetry_lost_requests_total", type: "counter", labels: [], seriesMax: 1 },
    help: "Requests in reports that were given up.",
  },

  // What is configured.
  buildInfo: {
    ...{ name: "edge_build_info", type: "info", labels: ["version"], seriesMax: 1 },
    help: "The release of Fairlead that answers.",
  },
  configVersionInfo: {
    ...{ name: "edge_config_version_info", type: "info", labels: ["version", "hash"], seriesMax: 1 },
    help: "The target: the number of the revision that edges should serve, and its digest.",
  },
  configAge: {
    ...{ name: "edge_config_age_seconds", type: "gauge", unit: "seconds", labels: [], seriesMax: 1 },
    help: "Time since the target was committed.",
  },
  configBehind: {
    ...{
      name: "edge_config_behind_seconds",
      type: "gauge",
      unit: "seconds",
      labels: ["vantage"],
      seriesMax: VANTAGES_MAX,
    },
    help: "For how long the oldest revision that an edge near the vantage still serves has been superseded, at least; 0 when all serve the newest that is released.",
  },
  configTrial: {
    ...{ name: "edge_config_trial", type: "gauge", labels: [], seriesMax: 1 },
    help: "1 while a revision is tried at one vantage before everybody gets it.",
  },
  configRejections: {
    ...{ name: "edge_config_rejections", type: "gauge", labels: ["vantage", "code"], seriesMax: 100 },
    help: "Isolates that refuse a snapshot which they were offered, by reason.",
  },
  isolates: {
    ...{ name: "edge_isolates", type: "gauge", labels: ["vantage"], seriesMax: VANTAGES_MAX },
    help: "Isolates of the edge that reported within the last minute.",
  },
  regionWeight: {
    ...{ name: "edge_region_weight", type: "gauge", labels: ["route", "rule", "region"], seriesMax: 4_000 },
    help: "Weight of a region in a rule of a route, live shifts included; the share is the weight by the sum of the rule.",
  },
  regionDrained: {
    ...{ name: "edge_region_drained", type: "gauge", labels: ["region"], seriesMax: 64 },
    help: "1 when the region takes no new clients, by a drain or because its document says so.",
  },

  // What is believed of clusters.
  regionHealthy: {
    ...{ name: "edge_region_healthy", type: "gauge", labels: ["service", "region"], seriesMax: PLACES_MAX },
    help: "0 when most vantages find every cluster of the service in the region down that should take clients, else 1; absent when nothing is known of them or none should.",
  },
  regionClusters: {
    ...{
      name: "edge_region_clusters",
      type: "gauge",
      labels: ["service", "region", "state"],
      seriesMax: 6 * PLACES_MAX,
    },
    help: "Clusters by what most vantages find; out of service (drained, disabled) and unprobed ones are states of their own.",
  },
  vantageClusters: {
    ...{ name: "edge_vantage_clusters", type: "gauge", labels: ["vantage", "state"], seriesMax: 4 * VANTAGES_MAX },
    help: "Clusters by what the vantage alone finds, believed or not.",
  },
  vantageTrusted: {
    ...{ name: "edge_vantage_trusted", type: "gauge", labels: ["vantage"], seriesMax: VANTAGES_MAX },
    help: "1 when what the vantage sees counts; 0 when it is silent, stale or doubted.",
  },
  healthPanic: {
    ...{ name: "edge_health_panic", type: "gauge", labels: [], seriesMax: 1 },
    help: "1 when everything went down at once for every vantage, so that no probe is believed.",
  },
  probeSuccesses: {
    ...{
      name: "edge_probe_success_total",
      type: "counter",
      labels: ["vantage", "service", "region", "cluster"],
      seriesMax: PROBED_MAX,
    },
    help: "Probes that a cluster answered as it should, slow ones included.",
  },
  probeFailures: {
    ...{
      name: "edge_probe_failure_total",
      type: "counter",
      labels: ["vantage", "service", "region", "cluster"],
      seriesMax: PROBED_MAX,
    },
    help: "Probes that failed.",
  },
  driftFindings: {
    ...{ name: "edge_drift_findings", type: "gauge", labels: ["severity", "kind"], seriesMax: 6 },
    help: "Differences between what is declared and what clusters report, or between clusters that must be alike.",
  },

  // What is promised.
  objective: {
    ...{ name: "edge_objective_ratio", type: "gauge", unit: "ratio", seriesMax: 2 * PLACES_MAX },
    labels: ["service", "region", "sli"],
    help: "The share of requests that must be good by the documents, 0.999 for 99.9%; region none: answers of the edges themselves.",
  },
  errorBudgetRemaining: {
    ...{ name: "edge_error_budget_remaining_ratio", type: "gauge", unit: "ratio", seriesMax: 2 * PLACES_MAX },
    labels: ["service", "region", "sli"],
    help: "What is left of the error budget of the objective's own window: 1 is all of it, below 0 is overspent; absent without enough requests.",
  },

  // The control plane.
  approvalsPending: {
    ...{ name: "edge_approvals_pending", type: "gauge", labels: [], seriesMax: 1 },
    help: "Changes that wait for a second person.",
  },
  incidentsOpen: {
    ...{ name: "edge_incidents_open", type: "gauge", labels: ["severity"], seriesMax: 3 },
    help: "Open incidents; while one of severity 1 or 2 is open, little may be changed.",
  },
  freezesActive: {
    ...{ name: "edge_freezes_active", type: "gauge", labels: [], seriesMax: 1 },
    help: "Freezes in force.",
  },
  overridesActive: {
    ...{ name: "edge_overrides_active", type: "gauge", labels: [], seriesMax: 1 },
    help: "Safety rules set aside by break-glass: overrides in force.",
  },
  carrierBehind: {
    ...{ name: "edge_carrier_behind", type: "gauge", labels: ["carrier"], seriesMax: 3 + 2 * VANTAGES_MAX },
    help: "1 when KV, a beacon, a prober, the health or the status object does not hold what it should.",
  },
  carrierFailures: {
    ...{ name: "edge_carrier_failures", type: "gauge", labels: ["carrier"], seriesMax: 3 + 2 * VANTAGES_MAX },
    help: "Failed deliveries in a row; 0 after one that arrived.",
  },
  auditLeaves: {
    ...{ name: "edge_audit_leaves_total", type: "counter", labels: [], seriesMax: 1 },
    help: "Entries of the audit log.",
  },
  auditCheckpointAge: {
    ...{ name: "edge_audit_checkpoint_age_seconds", type: "gauge", unit: "seconds", labels: [], seriesMax: 1 },
    help: "Time since the last signed checkpoint while entries after it are unsigned, else 0; absent before the first.",
  },

  // The export of metrics itself.
  exportPushes: {
    ...{ name: "edge_export_pushes_total", type: "counter", labels: ["outcome"], seriesMax: 2 },
    help: "OTLP requests with metrics that were taken (success) or not (failure).",
  },
  exportRejectedPoints: {
    ...{ name: "edge_export_rejected_points_total", type: "counter", labels: [], seriesMax: 1 },
    help: "Points that the receiver of OTLP refused in requests that it took.",
  },
  exportLastSuccess: {
    ...{ name: "edge_export_last_success_timestamp_seconds", type: "gauge", unit: "seconds", labels: [], seriesMax: 1 },
    help: "When the last OTLP request was taken, since the epoch; absent before the first.",
  },
  sourceUp: {
    ...{ name: "edge_scrape_source_up", type: "gauge", labels: ["source"], seriesMax: 7 + 2 * VANTAGES_MAX },
    help: "1 when this part of the control plane answered for this scrape; 0 and its metrics are missing.",
  },
  seriesOmitted: {
    ...{ name: "edge_series_omitted", type: "gauge", labels: ["metric"], seriesMax: 20 },
    help: "Series beyond the bound of a metric: folded into one called _other where sums must hold, else left out.",
  },
} as const satisfies Readonly<Record<string, Definition>>;

export const DEFINITIONS: readonly Definition[] = Object.values(METRICS);

/** Names that are reserved and not shown, because what they would say cannot be said honestly yet. */
export const WITHHELD = {
  edge_decision_duration_seconds:
    "A Worker's clock stands still while it computes, so a decision would always take 0. `npm run bench` measures it from outside.",
  edge_release_stage: "There are no releases yet.",
  edge_release_rollbacks_total: "There are no releases yet.",
} as const;

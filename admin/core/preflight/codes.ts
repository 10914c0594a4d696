/**
 * Every code that preflight gives of its own, with its default severity, what it stands for and how it is put right.
 * They are public: pipelines and runbooks match on them. Findings about the documents themselves keep the codes of
 * `config/findings.ts`, whose fixes are in `document-fixes.ts`.
 *
 * An error means that going there, or the way back, would do harm or cannot be proven; it makes `ok` false. A warning
 * is for people to weigh. The severity of one finding may differ where the check says so.
 */
import type { FindingCode, Severity } from "../../../config/findings.ts";
import type { DriftField } from "../../../config/policy.ts";
import { severityOf } from "../drift/severities.ts";

export type CodeEntry = { readonly severity: Severity; readonly title: string; readonly fix: string };

export const PREFLIGHT_CODES = {
  // What is declared: pinned, and the same in all clusters of a wave (one side of one service).
  "image.notPinned": {
    severity: "error",
    title: "An image is named by a tag alone",
    fix: "Add the digest that the tag stands for today: `name:tag@sha256:...`.",
  },
  "image.digestMismatch": {
    severity: "error",
    title: "A cluster's image and what it must report differ",
    fix: "Give `image` and `reports.imageDigest` the same digest, or leave the second out.",
  },
  "image.unequal": {
    severity: "error",
    title: "Clusters of one wave are declared with different images",
    fix: "Give all clusters of this side of the service the same digest; what is to differ belongs on the other side.",
  },
  "image.undeclared": {
    severity: "warning",
    title: "Some clusters of a wave declare no image digest, and others do",
    fix: "Declare `image` for these clusters too, so that they can be proven equal.",
  },
  "config.unequal": {
    severity: "error",
    title: "Clusters of one wave are declared with different configurations",
    fix: "Give all clusters of this side of the service the same `reports.configDigest`.",
  },
  "version.unequal": {
    severity: "warning",
    title: "Clusters of one wave are declared with different versions",
    fix: "Give all clusters of this side of the service the same `reports.version`.",
  },
  "platform.unequal": {
    severity: "error",
    title: "Clusters of one wave are declared for different platforms",
    fix: "One digest is for one platform: give all clusters of this side of the service the same `reports.platform`.",
  },
  "secrets.unequal": {
    severity: "warning",
    title: "Clusters of one wave are declared with different secrets",
    fix: "Declare the same `reports.secrets` for all clusters of this side of the service; to go from one version to the next, rotate the secret.",
  },
  "keyIds.unequal": {
    severity: "warning",
    title: "Clusters of one wave are declared with different keys",
    fix: "Declare the same `reports.keyIds` for all clusters of this side of the service.",
  },
  "compliance.unequal": {
    severity: "warning",
    title: "Clusters of one wave are declared with different compliance markers",
    fix: "Declare the same `reports.compliance` for all clusters of this side of the service, or have them on sides of their own.",
  },
  // What clusters report.
  "status.unavailable": {
    severity: "error",
    title: "Nobody could be asked what clusters report",
    fix: "Run preflight again; when it stays like this, look after the control plane.",
  },
  "status.unknown": {
    severity: "warning",
    title: "A cluster has not reported lately what it runs, or never",
    fix: "See to it that the cluster answers `/.well-known/fairlead`, or that it pushes its status.",
  },
  "platform.mismatch": {
    severity: "error",
    title: "A cluster runs on another platform than is declared",
    fix: "Declare the platform that the cluster reports, with an image for it.",
  },
  "secrets.missing": {
    severity: "error",
    title: "A cluster does not have a version of a secret that is declared for it",
    fix: "Give the secret to the cluster first, wait until it reports the version, and run preflight again.",
  },
  "secrets.rollbackMissing": {
    severity: "error",
    title: "A cluster does not have a version of a secret that its rollback target needs",
    fix: "Keep the old version of the secret in the cluster until nobody goes back any more.",
  },
  "compliance.missing": {
    severity: "error",
    title: "A cluster does not report a compliance marker that is declared for it",
    fix: "Bring the cluster to what the marker stands for, or do not declare it for this cluster.",
  },
  // What works together, the way there and the way back.
  "schema.incompatible": {
    severity: "error",
    title: "No version of the data's schema suits the declared version and what runs beside it",
    fix: "Release a version in between that reads both schemas, or bring the other clusters forward first.",
  },
  "schema.rollbackIncompatible": {
    severity: "error",
    title: "No version of the data's schema suits the rollback target and what runs beside it",
    fix: "Declare a rollback target that reads what the new version writes, or change the schema in two steps.",
  },
  "config.incompatible": {
    severity: "error",
    title: "No version of the configuration suits the declared version and what runs beside it",
    fix: "Release a version in between that reads both, or bring the other clusters forward first.",
  },
  "config.rollbackIncompatible": {
    severity: "error",
    title: "No version of the configuration suits the rollback target and what runs beside it",
    fix: "Declare a rollback target that reads the configuration that will be in force.",
  },
  "peers.incompatible": {
    severity: "error",
    title: "The declared version and a peer cannot work together",
    fix: "Bring the peer, or this service, to a version in the range first.",
  },
  "peers.rollbackIncompatible": {
    severity: "error",
    title: "The rollback target and a peer cannot work together",
    fix: "Declare a rollback target that works with the peers as they run, or keep the peers back.",
  },
  "peers.unknown": {
    severity: "warning",
    title: "Whether a peer's version is in the range is not known",
    fix: "Have the clusters of the peer declare and report versions that can be compared, such as 3.1.0.",
  },
  "compatibility.unreadable": {
    severity: "warning",
    title: "A cluster reports a range that cannot be read",
    fix: "Have it report comparators with spaces between them, as in `>=42 <44`.",
  },
  "rollback.undeclared": {
    severity: "warning",
    title: "No way back is declared",
    fix: "Declare `rollback` with the version and the image digest that the cluster would go back to.",
  },
  "rollback.same": {
    severity: "warning",
    title: "The way back leads to what is declared anyway",
    fix: "Declare the version before this one as `rollback`.",
  },
  "rollback.unhealthy": {
    severity: "error",
    title: "Clusters that would serve after a rollback are down",
    fix: "Bring these clusters back before anything is released: a release must have a way back.",
  },
  "rollback.noTarget": {
    severity: "warning",
    title: "In a region only canary clusters take clients, so nobody would serve there after a rollback",
    fix: "Give a stable cluster of the region a weight and enable it.",
  },
  "health.unknown": {
    severity: "warning",
    title: "Nobody could be asked how the clusters are",
    fix: "Run preflight again; when it stays like this, look after the probers.",
  },
  // Residency, on every path.
  "residency.steersOut": {
    severity: "error",
    title: "A steering rule leads clients only to where they may not be served",
    fix: "Give the rule a weight in a region that may serve these clients, or narrow its `when`.",
  },
  "residency.failoverOut": {
    severity: "error",
    title: "A failover order leads clients only to where they may not be served",
    fix: "Add a region that may serve these clients to the order, or use `proximity` or `none`.",
  },
  "residency.mirrorOut": {
    severity: "error",
    title: "A mirror is where clients' requests may not go",
    fix: "Mirror to a cluster in a region that may serve all clients of the service.",
  },
  "residency.unserved": {
    severity: "error",
    title: "Nobody takes the clients of a residency rule",
    fix: "Enable a cluster with a weight in a region that may serve these clients.",
  },
  "residency.leaks": {
    severity: "error",
    title: "A decision leaves the regions that may serve the client",
    fix: "Do not commit this: it is a bug of the edge or of the compiler. Report it with these documents.",
  },
  // Room, time and what is wrong already.
  "capacity.exceeded": {
    severity: "error",
    title: "A region would get more than it can carry",
    fix: "Shift weight to other regions, or raise the capacity, of the machines first and of the document then.",
  },
  "freeze.covers": {
    severity: "error",
    title: "A freeze is in force for what would be changed",
    fix: "Wait until it is over, or have somebody lift it who may.",
  },
  "drift.version": drift("version", "version"),
  "drift.imageDigest": drift("imageDigest", "image digest"),
  "drift.configDigest": drift("configDigest", "configuration digest"),
  "drift.secrets": drift("secrets", "secrets"),
  "drift.keyIds": drift("keyIds", "key ids"),
  "drift.compliance": drift("compliance", "compliance markers"),
} as const satisfies Record<string, CodeEntry>;

/** Of the severity that a field has without a Policy; a finding has the one that the Policy gives. */
function drift(field: DriftField, what: string): CodeEntry {
  return {
    severity: severityOf(field, undefined) === "error" ? "error" : "warning",
    title: `Clusters report another ${what} than is declared, or than each other`,
    fix: "Bring the clusters to what is declared, or declare what they are meant to run.",
  };
}

/** What preflight gives of its own. */
export type OwnCode = keyof typeof PREFLIGHT_CODES;
export type PreflightCode = OwnCode | FindingCode;

export function isOwnCode(code: string): code is OwnCode {
  return Object.hasOwn(PREFLIGHT_CODES, code);
}

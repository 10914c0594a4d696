/**
 * The door for snapshots, the same one at the publisher and at the edge: what passes here may be loaded and served.
 * Size, JSON, schema, names and references are checked, in that order, and the first failure is the answer. Who signed
 * it and whether it is newer than the one in use is said elsewhere.
 */
import * as z from "zod/mini";
import {
  CLUSTERS_MAX,
  FLAGS_MAX,
  REGIONS_MAX,
  ROUTE_ENTRIES_MAX,
  ROUTES_MAX,
  SERVICES_MAX,
  SNAPSHOT_BYTES_MAX,
} from "./limits.ts";
import { err, ok, type Result } from "./result.ts";
import { SNAPSHOT_SCHEMA_VERSION, Snapshot, type SnapshotRoute, type SnapshotService } from "./snapshot.ts";

const LIMITS = { regions: REGIONS_MAX, services: SERVICES_MAX, clusters: CLUSTERS_MAX, routes: ROUTES_MAX } as const;

/** The snapshot in `text`, or one sentence that says why there is none. */
export function parseSnapshot(text: string): Result<Snapshot, string> {
  // Code units, not bytes: every character has at least one byte, so what is too long here is too long in bytes as
  // well, and the shells stop reading at the limit in bytes.
  if (text.length > SNAPSHOT_BYTES_MAX) return err(`the snapshot is larger than ${SNAPSHOT_BYTES_MAX} bytes`);
  const json = parseJson(text);
  if (!json.ok) return json;
  const version = schemaVersionOf(json.value);
  if (version !== SNAPSHOT_SCHEMA_VERSION)
    return err(`the snapshot has schema version ${version}; this reader knows ${SNAPSHOT_SCHEMA_VERSION}`);
  const parsed = z.safeParse(Snapshot, json.value);
  if (!parsed.success) return err(describeIssue(parsed.error.issues[0]));
  const problem = firstProblem(parsed.data);
  return problem === undefined ? ok(parsed.data) : err(problem);
}

function parseJson(text: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text));
  } catch {
    return err("the snapshot is not JSON");
  }
}

/** In a form that is safe to print: anything that is not a number counts as no version. */
function schemaVersionOf(json: unknown): string | number {
  if (typeof json !== "object" || json === null || !("schemaVersion" in json)) return "none";
  return typeof json.schemaVersion === "number" ? json.schemaVersion : "none";
}

function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "the snapshot does not have the shape of one";
  return `the snapshot does not have the shape of one: ${issue.code} at /${issue.path.map(String).join("/")}`;
}

function firstProblem(snapshot: Snapshot): string | undefined {
  for (const problem of problems(snapshot)) return problem;
  return undefined;
}

/** Lazy, so that a good snapshot costs one pass and a bad one stops at its first problem. */
function* problems(snapshot: Snapshot): Generator<string> {
  for (const list of ["regions", "services", "clusters", "routes"] as const) {
    if (snapshot[list].length > LIMITS[list]) yield `the snapshot has more than ${LIMITS[list]} ${list}`;
    yield* duplicates(list, snapshot[list]);
  }
  const entries = snapshot.routes.reduce((sum, { hosts, paths }) => sum + hosts.length * paths.length, 0);
  if (entries > ROUTE_ENTRIES_MAX) yield `the routes have more than ${ROUTE_ENTRIES_MAX} hosts times paths`;
  const regions = new Set<string>(snapshot.regions.map(({ name }) => name));
  const services = new Set<string>(snapshot.services.map(({ name }) => name));
  const clusters = new Set<string>(snapshot.clusters.map(({ name }) => name));
  const { flags = [] } = snapshot;
  if (flags.length > FLAGS_MAX) yield `the snapshot has more than ${FLAGS_MAX} flags`;
  yield* duplicates("flags", flags);
  const flagNames = new Set<string>(flags.map(({ name }) => name));
  for (const flag of flags) yield* dangling(`flag ${flag.name}`, "region", Object.keys(flag.regions ?? {}), regions);
  for (const service of snapshot.services) {
    yield* dangling(`service ${service.name}`, "flag", flagsOf(service), flagNames);
    yield* dangling(`service ${service.name}`, "region", Object.keys(service.canaryShareBps), regions);
  }
  for (const cluster of snapshot.clusters) {
    yield* dangling(`cluster ${cluster.name}`, "region", [cluster.region], regions);
    yield* dangling(`cluster ${cluster.name}`, "service", [cluster.service], services);
  }
  for (const route of snapshot.routes) {
    yield* dangling(`route ${route.name}`, "service", [route.service], services);
    yield* dangling(`route ${route.name}`, "region", regionsOf(route), regions);
    yield* dangling(`route ${route.name}`, "cluster", mirrorOf(route), clusters);
    yield* dangling(
      `route ${route.name}`,
      "flag",
      route.steering.flatMap(({ flag }) => flag ?? []),
      flagNames,
    );
    yield* duplicates(`steering rules of route ${route.name}`, route.steering);
  }
}

function regionsOf({ steering, default: otherwise, failover }: SnapshotRoute): string[] {
  return [
    ...steering.flatMap(({ weights }) => Object.keys(weights)),
    ...(otherwise.by === "weights" ? Object.keys(otherwise.weights) : otherwise.regions),
    ...(typeof failover.order === "string" ? [] : failover.order),
  ];
}

function flagsOf({ flags = [], canaryFlag }: SnapshotService): string[] {
  return canaryFlag === undefined ? flags : [...flags, canaryFlag.flag];
}

function mirrorOf({ mirror }: SnapshotRoute): string[] {
  return mirror === undefined ? [] : [mirror.cluster];
}

function* duplicates(list: string, items: readonly { readonly name: string }[]): Generator<string> {
  const seen = new Set<string>();
  for (const { name } of items) {
    if (seen.has(name)) yield `${name} is twice among the ${list}`;
    seen.add(name);
  }
}

function* dangling(
  from: string,
  kind: string,
  names: readonly string[],
  known: ReadonlySet<string>,
): Generator<string> {
  for (const name of names) {
    if (!known.has(name)) yield `${from} names the ${kind} ${name}, which the snapshot does not have`;
  }
}

/**
 * The snapshot that is part of the deploy: what an isolate serves by when it has reached nothing else yet. It is not
 * signed, because whoever can change it can change this code. A bad one throws while the Worker starts, which makes
 * Cloudflare refuse the deploy.
 */
import { invariant } from "../../config/invariant.ts";
import { parseSnapshot } from "../../config/parse-snapshot.ts";
import { SNAPSHOT_SCHEMA_VERSION, Snapshot } from "../../config/snapshot.ts";
import builtin from "./builtin-snapshot.json";

const parsed = parseSnapshot(JSON.stringify(builtin));
invariant(parsed.ok, `the built-in snapshot is sound (${parsed.ok ? "" : parsed.error})`);
const BUILTIN_SNAPSHOT = parsed.value;

/** One that was compiled for another environment would send requests to the wrong clusters: then there is none. */
export function builtinSnapshot(environment: string): Snapshot {
  return BUILTIN_SNAPSHOT.environment === environment ? BUILTIN_SNAPSHOT : emptySnapshot(environment);
}

function emptySnapshot(environment: string): Snapshot {
  const none = { regions: [], services: [], clusters: [], routes: [], beacons: [] };
  return Snapshot.parse({ schemaVersion: SNAPSHOT_SCHEMA_VERSION, environment, revision: 0, ...none });
}

/** What the alert object has to know of a state: what is promised, whom to tell, and what goes into an alert. */
import { canonicalJson } from "../../../config/canonical.ts";
import type { Fleet } from "../../../config/documents.ts";
import type { AlertsPolicy } from "../../../config/policy.ts";
import type { FleetState } from "../changes/state.ts";
import { sha256Hex } from "../digest.ts";
import { type Receiver, receiversIn } from "../webhooks/receiver.ts";
import type { AlertContext } from "./alert-event.ts";
import { type Objective, objectivesOf } from "./objective.ts";

export type IncidentSeverity = NonNullable<AlertsPolicy["incidentSeverity"]>;

export type AlertConfig = {
  readonly revision: number;
  /** Of all but the revision: two with the same digest ask for the same. */
  readonly digest: string;
  readonly objectives: readonly Objective[];
  readonly receivers: readonly Receiver[];
  readonly context: Pick<AlertContext, "owners" | "runbooks">;
  readonly incidentSeverity: IncidentSeverity;
};

/** On record, and nothing is held back: whether a page stops releases is for a Policy to say. */
const INCIDENT_SEVERITY_DEFAULT: IncidentSeverity = 3;

export function alertConfigOf({ fleet, revision }: Pick<FleetState, "fleet" | "revision">): AlertConfig {
  const part = PARTS.get(fleet) ?? partOf(fleet);
  PARTS.set(fleet, part);
  return { revision, ...part };
}

type FleetPart = Omit<AlertConfig, "revision">;

/** Shifts and drains leave the fleet as it is. */
const PARTS = new WeakMap<Fleet, FleetPart>();

function partOf(fleet: Fleet): FleetPart {
  const { clusters, regions, services } = fleet;
  const part = {
    objectives: objectivesOf(fleet),
    receivers: receiversIn(fleet),
    context: {
      owners: { clusters: ownersIn(clusters), regions: ownersIn(regions), services: ownersIn(services) },
      runbooks: Object.fromEntries(
        services.flatMap(({ metadata, spec }) =>
          spec.objectives?.runbook === undefined ? [] : [[metadata.name, spec.objectives.runbook]],
        ),
      ),
    },
    incidentSeverity: fleet.policy?.spec.alerts?.incidentSeverity ?? INCIDENT_SEVERITY_DEFAULT,
  };
  return { digest: sha256Hex(canonicalJson(part)), ...part };
}

type Owned = { readonly metadata: { readonly name: string; readonly owner?: string } };

function ownersIn(documents: readonly Owned[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    documents.flatMap(({ metadata: { name, owner } }) => (owner === undefined ? [] : [[name, owner]])),
  );
}

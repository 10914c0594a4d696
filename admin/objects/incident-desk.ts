/** Incidents that people open and close. While a serious one is open, only what makes things safer gets through. */
import type { AdminRefusal } from "../../config/admin-problems.ts";
import { canonicalJson } from "../../config/canonical.ts";
import { invariant } from "../../config/invariant.ts";
import { err, ok, type Result } from "../../config/result.ts";
import { may } from "../core/authority/principal.ts";
import type { Asker } from "../core/commit/change-request.ts";
import type { NewIncident } from "../core/commit/incidents.ts";
import { forbidden } from "../core/commit/preconditions.ts";
import {
  closeIncident,
  findIncident,
  type IncidentRecord,
  type OpenedIncident,
  openIncident,
  openIncidents,
} from "../store/incidents.ts";
import type { NamedEntry } from "./audit-log.ts";
import { type CommitWriter, leafState } from "./commit-writer.ts";
import type { Target } from "./target.ts";

export type OpeningIncident = { readonly severity: 1 | 2 | 3; readonly title: string; readonly reason: string };
export type ClosingIncident = { readonly id: string; readonly reason: string };

const UNKNOWN: AdminRefusal = { code: "incidentUnknown", detail: "There is no such incident." };
const SELF = { name: "fairlead", kind: "system", roles: [] } as const;

const CLOSED: AdminRefusal = { code: "incidentClosed", detail: "The incident has been closed." };

export class IncidentDesk {
  readonly #sql: SqlStorage;
  readonly #target: Target;
  readonly #writer: CommitWriter;

  constructor(sql: SqlStorage, target: Target, writer: CommitWriter) {
    this.#sql = sql;
    this.#target = target;
    this.#writer = writer;
  }

  open(opening: OpeningIncident, asker: Asker, nowMs: number): Result<IncidentRecord, AdminRefusal> {
    const entry = this.#entry(asker, { action: "incident.open", resource: "incident", reason: opening.reason, nowMs });
    if (!may(asker.principal, "incident.open"))
      return this.#refuse(entry, forbidden(asker.principal, ["incident.open"]));
    const { revision } = this.#target.state;
    const incident: OpenedIncident = {
      ...opening,
      cause: { kind: "opened" },
      openedBy: asker.principal.name,
      openedAtMs: nowMs,
      ...(revision === 0 ? {} : { revision }),
    };
    let opened: IncidentRecord | undefined;
    this.#writer.enter(entry, () => {
      opened = openIncident(this.#sql, incident);
    });
    return opened === undefined ? err(UNKNOWN) : ok(opened);
  }

  /** Once: who is not sure whether a first try got through may try again while the incident is open. */
  openOwn(incident: NewIncident): IncidentRecord {
    const cause = canonicalJson(incident.cause);
    const known = openIncidents(this.#sql).find((one) => canonicalJson(one.cause) === cause);
    if (known !== undefined) return known;
    const { reason, openedAtMs: nowMs } = incident;
    const asker = { principal: SELF, requestId: "alarm" } as const;
    const entry = this.#entry(asker, { action: "fairlead.incident", resource: "incident", reason, nowMs });
    let opened: IncidentRecord | undefined;
    this.#writer.enter(entry, () => {
      opened = openIncident(this.#sql, incident);
    });
    invariant(opened !== undefined, "the writer has run what belongs to the leaf");
    return opened;
  }

  close({ id, reason }: ClosingIncident, asker: Asker, nowMs: number): Result<IncidentRecord, AdminRefusal> {
    const entry = this.#entry(asker, { action: "incident.close", resource: `incident/${id}`, reason, nowMs });
    if (!may(asker.principal, "incident.close"))
      return this.#refuse(entry, forbidden(asker.principal, ["incident.close"]));
    const incident = findIncident(this.#sql, id);
    if (incident === undefined) return this.#refuse(entry, UNKNOWN);
    if (incident.closedAtMs !== undefined) return this.#refuse(entry, CLOSED);
    const closing = { closedBy: asker.principal.name, closedAtMs: nowMs, closing: reason };
    this.#writer.enter(entry, () => closeIncident(this.#sql, id, closing));
    return ok({ ...incident, ...closing });
  }

  #refuse(entry: NamedEntry, refusal: AdminRefusal): Result<never, AdminRefusal> {
    this.#writer.enter({ ...entry, outcome: "refused", problem: refusal.code });
    return err(refusal);
  }

  #entry(
    { principal, requestId }: { readonly principal: NamedEntry["actor"]; readonly requestId: string },
    {
      nowMs,
      ...rest
    }: { readonly action: string; readonly resource: string; readonly reason: string; readonly nowMs: number },
  ): NamedEntry {
    const before = leafState(this.#target.stored);
    return { request: requestId, actor: principal, atMs: nowMs, outcome: "done", before, ...rest };
  }
}

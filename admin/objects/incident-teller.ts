/**
 * Tells the alert object of every incident, however it was opened. Which have been told is kept beside them, so that one is
 * neither lost when that object cannot be reached, nor told anew after a restart.
 */
import type { NewEvent } from "../core/webhooks/event.ts";
import { type AdminEnv, alertStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { hasUntoldIncidents, type IncidentRecord, markIncidentTold, untoldIncidents } from "../store/incidents.ts";
import { withinMs } from "./deadline.ts";

const TELL_MS_MAX = 2_000;
/** In one turn of the alarm, which has other things to do. */
const TOLD_MAX = 20;
const RETRY_MS = 10_000;

export class IncidentTeller {
  readonly #sql: SqlStorage;
  readonly #env: AdminEnv;
  #retryAtMs = 0;

  constructor(sql: SqlStorage, env: AdminEnv) {
    this.#sql = sql;
    this.#env = env;
  }

  /** Never throws: who has failed is tried again. */
  async tell(): Promise<void> {
    try {
      for (const incident of untoldIncidents(this.#sql, TOLD_MAX)) {
        // Of what an alert has opened people have heard by the alert.
        if (incident.cause.kind !== "alert")
          await withinMs(TELL_MS_MAX, "alert object", alertStub(this.#env).notify(eventOf(incident)));
        markIncidentTold(this.#sql, incident.number, Date.now());
      }
    } catch (error) {
      this.#retryAtMs = Date.now() + RETRY_MS;
      logEvent("incident.notTold", { error: errorText(error) });
    }
  }

  /** Undefined when everything has been told. */
  dueMs(): number | undefined {
    return hasUntoldIncidents(this.#sql) ? this.#retryAtMs : undefined;
  }
}

function eventOf({ number: _, ...incident }: IncidentRecord): NewEvent {
  const { id, severity, title, reason, openedAtMs } = incident;
  return {
    ...{ key: `incident.${id}`, type: "incident.opened", atMs: openedAtMs },
    summary: `Incident of severity ${severity}: ${title}. ${reason}`,
    data: incident,
  };
}

/** One turn of the alarm of an object that must not fall asleep: whatever goes wrong in it, the object wakes up again. */
import { errorText, logEvent } from "../log.ts";
import type { FailingSwitch } from "./failing-switch.ts";

export type RescuedAlarm = {
  readonly storage: DurableObjectStorage;
  readonly failing: FailingSwitch;
  readonly rescueMs: number;
  /** Of the line in the log when the work throws. */
  readonly event: `${string}.${string}`;
};

/** `work` sets the next alarm, or none. */
export async function rescuedAlarm(
  { storage, failing, rescueMs, event }: RescuedAlarm,
  work: () => Promise<void>,
): Promise<void> {
  // Armed before the work, should the object die in it.
  await storage.setAlarm(Date.now() + rescueMs);
  if (failing.failing) return;
  try {
    await work();
  } catch (error) {
    // A throw would use up the platform's few retries; the alarm above is already set.
    logEvent(event, { error: errorText(error) });
  }
}

/** For writes that another object than the fleet object does: asked for there first, so that each leaves its leaf. */
import type { AdminRefusal } from "../../config/admin-problems.ts";
import type { Result } from "../../config/result.ts";
import { fleetStub } from "../env.ts";
import type { Performance } from "../objects/record-desk.ts";
import { type AppContext, askerOf } from "./context.ts";
import { markRecorded } from "./recorded.ts";

/** Whether it may go on; entered in the audit log either way. */
export async function perform(c: AppContext, performance: Performance): Promise<Result<number, AdminRefusal>> {
  const entered = await fleetStub(c.env).perform(performance, askerOf(c));
  markRecorded(c);
  return entered;
}

/**
 * A write that is refused before it reaches the fleet object (its body is not JSON, a field is wrong, there is no such
 * address) is entered in the audit log too: so every write leaves exactly one leaf. What the object was asked, it has
 * entered itself.
 */
import { createMiddleware } from "hono/factory";
import { fleetStub } from "../env.ts";
import { errorText, logEvent } from "../log.ts";
import { type AppContext, type AppEnv, askerOf } from "./context.ts";
import { isStatusPush } from "./status-push.ts";

const READING = ["GET", "HEAD", "OPTIONS"];

export const recordRefusals = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  // Anybody can send a status, signed or not; the status object counts what it refuses.
  if (isStatusPush(c.req)) return;
  const { status } = c.res;
  if (READING.includes(c.req.method) || status < 400 || status >= 500 || c.get("recorded") === true) return;
  try {
    const problem = await problemCodeOf(c.res);
    const { pathname } = new URL(c.req.url);
    await fleetStub(c.env).recordRefusal({ method: c.req.method, path: pathname, problem }, askerOf(c));
  } catch (error) {
    // The refusal stands. That it could not be entered is for the log, and nothing was changed.
    logEvent("audit.notRecorded", { requestId: c.get("requestId"), error: errorText(error) });
  }
});

/** To be called once the fleet object has answered. */
export function markRecorded(c: AppContext): void {
  c.set("recorded", true);
}

async function problemCodeOf(response: Response): Promise<string> {
  const problem: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const code = typeof problem === "object" && problem !== null && "code" in problem ? problem.code : undefined;
  return typeof code === "string" ? code : `status${response.status}`;
}

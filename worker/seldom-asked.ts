/**
 * Asks the platform less often whether it records a request, once it has said no so many times that nobody traces here.
 * Asking costs 2% of a request. Tracing is switched on by a deploy and comes with new isolates, which begin by asking each
 * time; where a few requests in ten thousand are recorded, one of them brings the asking back.
 */
import type { PlatformTracing } from "./io/platform-tracing.ts";

/** Of a trace of one request in a thousand, fewer than one isolate in 20,000 sees none among so many. */
export const IN_VAIN_MAX = 10_000;
/** From then on one request of so many is asked about. */
export const ASKED_EVERY = 64;

export function seldomAsked(tracing: PlatformTracing): PlatformTracing {
  let inVain = 0;
  let left = 0;
  return {
    within: tracing.within,
    traceId: () => {
      if (inVain >= IN_VAIN_MAX) {
        left = (left + 1) % ASKED_EVERY;
        if (left !== 0) return undefined;
      }
      const traceId = tracing.traceId();
      inVain = traceId === undefined ? inVain + 1 : 0;
      return traceId;
    },
  };
}

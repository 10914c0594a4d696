/**
 * The load generator: keeps N connections busy against one URL with the same requests, compares every body, and says
 * what came back. It counts; what a count means is decided by its parent.
 */
import autocannon from "autocannon";
import { loadRequests } from "../load-requests.ts";
import { LoadOrder, type LoadResult } from "../protocol.ts";
import { endWithParent, onOrder } from "./parent.ts";

async function run({ url, connections, load, expectedBody }: LoadOrder): Promise<LoadResult> {
  const result = await autocannon({
    url,
    connections,
    ...("requests" in load ? { amount: load.requests } : { duration: load.seconds }),
    sampleInt: 50,
    timeout: 10,
    requests: loadRequests(),
    verifyBody: (body) => body === expectedBody,
  });
  return {
    good: result["2xx"] - result.mismatches,
    bad: result.non2xx + result.errors + result.timeouts + result.mismatches + result.resets,
    durationMs: result.duration * 1_000,
    latencyMsP50: result.latency.p50,
  };
}

endWithParent();
onOrder((order) => run(LoadOrder.parse(order)));

/**
 * Runs http-cache-tests against the address that it is given, and sends the results to its parent. A process of its own,
 * because the suite keeps its results in its modules and cannot run twice in one.
 */
import { getResults, runTests } from "http-cache-tests/client/runner.mjs";
import suites from "http-cache-tests/tests/index.mjs";
import surrogate from "http-cache-tests/tests/surrogate-control.mjs";

/** Most of a test is a pause of three seconds, so more at once is sooner done; each needs one or two connections. */
const AT_ONCE = 200;

const [baseUrl] = process.argv.slice(2);
if (baseUrl === undefined) throw new Error("the address of the origin is needed");
await runTests([...suites, surrogate], fetch, false, baseUrl, AT_ONCE);
process.send?.(getResults(), () => process.exit());

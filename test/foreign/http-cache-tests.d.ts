/** The parts of http-cache-tests 0.4.5 that run here; the package brings no types. */
declare module "http-cache-tests/client/runner.mjs" {
  type Suite = { readonly id: string; readonly tests: readonly { readonly id: string }[] };
  /** True for a test that passed, else the kind of failure and a sentence. */
  type Result = true | readonly [kind: string, message: string];
  export function runTests(
    suites: readonly Suite[],
    fetch: typeof globalThis.fetch,
    useBrowserCache: boolean,
    baseUrl: string,
    /** How many tests run at once. */
    chunkSize?: number,
  ): Promise<void>;
  export function getResults(): Readonly<Record<string, Result>>;
}

declare module "http-cache-tests/tests/index.mjs" {
  const suites: { id: string; tests: { id: string }[] }[];
  export default suites;
}

declare module "http-cache-tests/tests/surrogate-control.mjs" {
  const suite: { id: string; tests: { id: string }[] };
  export default suite;
}

declare module "http-cache-tests/server/handle-config.mjs" {
  import type { IncomingMessage, ServerResponse } from "node:http";
  export default function handle(path: string[], request: IncomingMessage, response: ServerResponse): void;
}

declare module "http-cache-tests/server/handle-state.mjs" {
  import type { IncomingMessage, ServerResponse } from "node:http";
  export default function handle(path: string[], request: IncomingMessage, response: ServerResponse): void;
}

declare module "http-cache-tests/server/handle-test.mjs" {
  import type { IncomingMessage, ServerResponse } from "node:http";
  export default function handle(path: string[], request: IncomingMessage, response: ServerResponse): void;
}

/** The part of autocannon 9 that the bench uses; the package brings no types. */
declare module "autocannon" {
  type Options = {
    url: string;
    connections: number;
    /** Seconds. */
    duration?: number;
    /** Of requests; in place of a duration. */
    amount?: number;
    sampleInt: number;
    timeout: number;
    requests: { method: string; path: string; headers: Record<string, string> }[];
    /** False counts as a mismatch. */
    verifyBody: (body: string) => boolean;
  };
  type Result = {
    "2xx": number;
    non2xx: number;
    errors: number;
    timeouts: number;
    mismatches: number;
    resets: number;
    duration: number;
    latency: { p50: number };
  };
  function autocannon(options: Options): Promise<Result>;
  export = autocannon;
}

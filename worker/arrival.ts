/** A request as it came to this Worker. */
export type Arrival = {
  readonly request: Request;
  /** By the clock that stands still while code runs: when the platform started this Worker for it. */
  readonly arrivedAtMs: number;
  readonly background: ExecutionContext;
};

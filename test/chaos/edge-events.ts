/** What an edge logs about its clusters, with the time at which this process has read it: never before it was so. */
import * as z from "zod/mini";
import type { Edge } from "../faults/edge-harness.ts";

const ClusterEvent = z.looseObject({
  event: z.enum(["cluster.ejected", "cluster.dimmed", "cluster.returned"]),
  cluster: z.string(),
});

export type SeenEvent = z.infer<typeof ClusterEvent> & { readonly seenMs: number };

export class EdgeEvents {
  readonly #edge: Edge;
  readonly #seen: SeenEvent[] = [];
  #linesRead = 0;

  constructor(edge: Edge) {
    this.#edge = edge;
  }

  /** To be called often: what it finds gets the time of the call. */
  look(): readonly SeenEvent[] {
    const lines = this.#edge.logLines();
    for (; this.#linesRead < lines.length; this.#linesRead += 1) {
      const event = parse(lines[this.#linesRead] ?? "");
      if (event !== undefined) this.#seen.push({ ...event, seenMs: performance.now() });
    }
    return this.#seen;
  }
}

/** Lines of the runtime itself are not JSON. */
function parse(line: string): z.infer<typeof ClusterEvent> | undefined {
  if (!line.startsWith("{")) return undefined;
  const parsed = ClusterEvent.safeParse(JSON.parse(line));
  return parsed.success ? parsed.data : undefined;
}

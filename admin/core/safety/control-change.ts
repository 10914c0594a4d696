/**
 * The single switches that a change turns, in the sense of AWS ARC's routing controls: a region or cluster that takes new
 * clients or does not, a flag, the weights of one rule. Kept for an hour, so that waits and sums have something to go by.
 */
export type ControlChange = {
  /** `region/eu-west`, `cluster/eu-west-blue`, `flag/name`, `weights/web/europe`. */
  readonly control: string;
  readonly direction: "on" | "off" | "shift";
  /** With `shift`: by how much the share of each region in this rule changes, in basis points; they sum to 0. */
  readonly deltasBps: Readonly<Record<string, number>>;
  readonly atMs: number;
};

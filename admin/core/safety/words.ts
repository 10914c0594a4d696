/** Numbers and lists as the sentences of the rules say them. */
import { formatDuration } from "../../../config/duration.ts";

/** `25%`, `0.01%`. */
export function percent(bps: number): string {
  return `${Math.round(bps) / 100}%`;
}

/** Time that is left, rounded up to what people read at a glance: seconds, and minutes from ten on. */
export function atMost(ms: number): string {
  const unitMs = ms >= 600_000 ? 60_000 : 1_000;
  return formatDuration(Math.max(1, Math.ceil(ms / unitMs)) * unitMs);
}

const NAMED_MAX = 5;

/** `eu-west, us-east`, and the rest as a number: a sentence is no place for a thousand names. */
export function listed(names: readonly string[]): string {
  if (names.length <= NAMED_MAX) return names.join(", ");
  return `${names.slice(0, NAMED_MAX).join(", ")} and ${names.length - NAMED_MAX} more`;
}

const SENTENCES_MAX = 3;

/** The first sentences of many that say the same of different things. */
export function firstOf(sentences: readonly string[]): string {
  const rest = sentences.length - SENTENCES_MAX;
  return [...sentences.slice(0, SENTENCES_MAX), ...(rest > 0 ? [`The same holds for ${rest} more.`] : [])].join(" ");
}

/** `1 region`, `2 regions`. */
export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** What can be sent to people's systems: something that happened, in words and in data, and whose business it is. */
import type { AlertSeverity, EventType } from "../../../config/webhook.ts";
import { sha256Hex } from "../digest.ts";

export type NewEvent = {
  /** What it is known by to whoever tells of it: the same one told twice is sent once. */
  readonly key: string;
  readonly type: EventType;
  readonly atMs: number;
  /** One or two sentences for people. */
  readonly summary: string;
  /** Plain JSON. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Of alerts. */
  readonly severity?: AlertSeverity;
  /** The most specific first: the first that some webhook belongs to gets it. */
  readonly owners?: readonly string[];
};

export type Event = NewEvent & {
  /** What receivers know it by, however often it is sent. */
  readonly id: string;
};

/** Without dots, which separate the parts of what is signed. */
export function messageIdOf({ key }: Pick<NewEvent, "key">): string {
  return `msg_${sha256Hex(key).slice(0, 32)}`;
}

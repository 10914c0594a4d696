/**
 * What a client sees, and what two clusters receive, when the first of them is broken in one way: the promise of the
 * edge, cell by cell. `fault-matrix.test.ts` holds the edge to it; `renderFaultMatrix` prints it for people.
 *
 * The rules behind the cells: safe requests without a body (GET, and with it event streams and WebSocket handshakes) go
 * on to the next cluster as long as no byte of an answer has been handed on. Nothing else is ever repeated, because the
 * runtime does not tell whether a cluster had the request. An answer that has begun and breaks off is seen to break off.
 * Time to first byte bounds every request but long uploads, whose answer may take as long as their client's line.
 */
import type { Fault } from "../faults/fault.ts";
import { FIRST_BYTE_MS } from "../faults/fleets.ts";

export const REQUEST_KINDS = ["get", "post", "emptyPost", "upload", "events", "webSocket"] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

export const REQUEST_TITLES: Readonly<Record<RequestKind, string>> = {
  get: "GET",
  post: "POST with a small body",
  emptyPost: "POST without a body",
  upload: "PUT of 5 MB",
  events: "event stream",
  webSocket: "WebSocket",
};

export type Outcome =
  /** The whole answer of that cluster. */
  | "first"
  | "second"
  /** An answer of the edge. */
  | "502"
  | "504"
  /** An answer that the client can see to be incomplete; for a WebSocket, a connection that breaks. */
  | "cut"
  /** Nothing, until the client gives up. */
  | "waits";

export type Cell = {
  readonly client: Outcome;
  /** Requests that arrived at each cluster's door, answered or not. */
  readonly received: readonly [first: number, second: number];
};

export type MatrixRow = {
  readonly title: string;
  readonly fault: Fault;
  readonly cells: Readonly<Record<RequestKind, Cell>>;
};

const FROM_FIRST: Cell = { client: "first", received: [1, 0] };
const CUT: Cell = { client: "cut", received: [1, 0] };

/** Nothing comes back and nothing of the request went in. */
const NOT_REACHED: MatrixRow["cells"] = {
  ...every({ client: "502", received: [0, 0] }),
  ...safe({ client: "second", received: [0, 1] }),
};

/** The request went in, and the connection was lost. */
const LOST: MatrixRow["cells"] = {
  ...every({ client: "502", received: [1, 0] }),
  ...safe({ client: "second", received: [1, 1] }),
};

/** The request went in, and no answer came in time. */
const LATE: MatrixRow["cells"] = {
  ...every({ client: "504", received: [1, 0] }),
  ...safe({ client: "second", received: [1, 1] }),
};

const IN_TIME_MS = 20;
const TOO_LATE_MS = 2 * FIRST_BYTE_MS;

/** A piece of a head has at most 40 bytes and the heads of these tests have more than 80: two pauses at least. */
const PIECE_TOO_LATE_MS = 0.7 * FIRST_BYTE_MS;

/** Behind the heads of the answers in these tests, and before the end of their content. */
const IN_CONTENT_BYTES = 135;

export const FAULT_MATRIX: readonly MatrixRow[] = [
  { title: "none", fault: { kind: "pass" }, cells: every(FROM_FIRST) },
  { title: "refuses connections", fault: { kind: "refuse" }, cells: NOT_REACHED },
  { title: "resets connections at once", fault: { kind: "resetAtOnce" }, cells: NOT_REACHED },
  {
    title: "accepts and never answers",
    fault: { kind: "blackhole" },
    cells: { ...LATE, upload: { client: "waits", received: [1, 0] } },
  },
  { title: "resets in the head of the answer", fault: { kind: "resetMidAnswer", answerBytes: 10 }, cells: LOST },
  {
    title: "resets in the content of the answer",
    fault: { kind: "resetMidAnswer", answerBytes: IN_CONTENT_BYTES },
    cells: every(CUT),
  },
  { title: "ends in the content of the answer", fault: { kind: "truncate", contentBytes: 3 }, cells: every(CUT) },
  { title: "answers with bytes that are no HTTP", fault: { kind: "garbage" }, cells: LOST },
  { title: "takes the request and ends the connection", fault: { kind: "halfClose" }, cells: LOST },
  {
    title: "sends the head slowly, in time",
    fault: { kind: "slowHeaders", pieceDelayMs: IN_TIME_MS },
    cells: every(FROM_FIRST),
  },
  {
    title: "sends the head slowly, too late",
    fault: { kind: "slowHeaders", pieceDelayMs: PIECE_TOO_LATE_MS },
    cells: { ...LATE, upload: FROM_FIRST },
  },
  {
    title: "sends the content slowly",
    fault: { kind: "slowBody", pieceDelayMs: TOO_LATE_MS / 4 },
    cells: every(FROM_FIRST),
  },
  { title: "answers late, in time", fault: { kind: "delay", delayMs: IN_TIME_MS }, cells: every(FROM_FIRST) },
  {
    title: "answers too late",
    fault: { kind: "delay", delayMs: TOO_LATE_MS },
    cells: { ...LATE, upload: FROM_FIRST },
  },
];

function every(cell: Cell): MatrixRow["cells"] {
  return { get: cell, post: cell, emptyPost: cell, upload: cell, events: cell, webSocket: cell };
}

/** What may be repeated: safe methods without a body. */
function safe(cell: Cell): Pick<MatrixRow["cells"], "get" | "events" | "webSocket"> {
  return { get: cell, events: cell, webSocket: cell };
}

/** A Markdown table: outcome for the client, then requests received by the first and the second cluster. */
export function renderFaultMatrix(): string {
  const head = ["The first cluster", ...REQUEST_KINDS.map((kind) => REQUEST_TITLES[kind])];
  const rows = FAULT_MATRIX.map(({ title, cells }) => [title, ...REQUEST_KINDS.map((kind) => renderCell(cells[kind]))]);
  return [head, head.map(() => "---"), ...rows].map((columns) => `| ${columns.join(" | ")} |\n`).join("");
}

function renderCell({ client, received }: Cell): string {
  return `${client} (${received.join(", ")})`;
}

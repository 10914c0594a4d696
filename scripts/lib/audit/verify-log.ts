/**
 * Verifies an exported audit log line by line: that no leaf is missing, moved or changed, that each names the one before
 * it, and that every checkpoint was signed by a trusted key over exactly these leaves. Memory does not grow with the log.
 *
 * What is behind the last checkpoint is only chained: whoever can write the file could have written that anew.
 */
import { z } from "zod";
import { unreachable } from "../../../config/invariant.ts";
import { isCanonical } from "./canonical-check.ts";
import type { Fault } from "./fault.ts";
import { readCheckpoint, readKey, type SignedCheckpoint, signatureState, type TrustedKey } from "./note.ts";
import { hashLeaf, RunningTree } from "./tree.ts";

export type VerifyOptions = {
  /** Empty: the keys that the file itself names. */
  readonly keys: readonly TrustedKey[];
  /** A checkpoint that was kept apart from the file. */
  readonly kept?: SignedCheckpoint;
};

export type Summary = {
  readonly origin: string;
  readonly leaves: number;
  readonly checkpoints: number;
  /** How many leaves, from the first on, a checkpoint covers. */
  readonly signed: number;
  /** Hex. */
  readonly root: string;
  readonly firstMs?: number;
  readonly lastMs?: number;
  readonly keys: readonly string[];
};

export type Verdict =
  | { readonly ok: true; readonly summary: Summary }
  /** `signed` leaves, from the first on, are as they were signed, whatever comes after. */
  | { readonly ok: false; readonly fault: Fault; readonly signed: number };

const Line = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("log"),
    version: z.literal(1),
    origin: z.string().min(1),
    key: z.string().optional(),
    formerKeys: z.array(z.string()).optional(),
  }),
  z.strictObject({ type: z.literal("leaf"), index: z.int().min(0), leaf: z.string() }),
  z.strictObject({ type: z.literal("checkpoint"), note: z.string() }),
]);
type Line = z.infer<typeof Line>;

/** What the chain needs of a leaf; the rest is for those who read it. */
const Leaf = z.looseObject({ version: z.literal(1), index: z.int(), previous: z.string(), atMs: z.int() });
type Leaf = z.infer<typeof Leaf>;

/** What the first leaf names. */
const NOTHING_BEFORE = "0".repeat(64);

/** `batches` are lines in order, as many at a time as there are. */
export async function verifyLog(batches: AsyncIterable<readonly string[]>, options: VerifyOptions): Promise<Verdict> {
  const verifier = new LogVerifier(options);
  for await (const lines of batches)
    for (const line of lines) {
      const fault = verifier.take(line);
      if (fault !== undefined) return { ok: false, fault, signed: verifier.signed };
    }
  const fault = verifier.end();
  return fault === undefined
    ? { ok: true, summary: verifier.summary() }
    : { ok: false, fault, signed: verifier.signed };
}

class LogVerifier {
  readonly #tree = new RunningTree();
  readonly #kept: SignedCheckpoint | undefined;
  #keys: readonly TrustedKey[];
  #origin: string | undefined;
  #line = 0;
  #checkpoints = 0;
  #checkpointSize = 0;
  #signed = 0;
  /** Of the last leaf, hex. */
  #lastHash = NOTHING_BEFORE;
  /** The leaf before the last, when the last names another hash for it. Which of the two was changed, the next one tells. */
  #suspect: number | undefined;
  #firstMs: number | undefined;
  #lastMs: number | undefined;

  constructor({ keys, kept }: VerifyOptions) {
    this.#keys = keys;
    this.#kept = kept;
  }

  get signed(): number {
    return this.#signed;
  }

  take(text: string): Fault | undefined {
    this.#line += 1;
    const line = readLine(text);
    if (line === undefined || (line.type === "log") !== (this.#line === 1)) return this.#notExpected(line);
    switch (line.type) {
      case "log":
        return this.#takeLog(line);
      case "leaf":
        return this.#takeLeaf(line);
      case "checkpoint":
        return this.#chainFault() ?? this.#takeCheckpoint(line.note);
      default:
        return unreachable(line);
    }
  }

  end(): Fault | undefined {
    if (this.#origin === undefined) return { code: "log", detail: "there is no log in this file" };
    const { size: index } = this.#tree;
    const missing = this.#kept !== undefined && this.#kept.size > index ? this.#kept : undefined;
    return (
      this.#chainFault() ??
      (missing === undefined ? undefined : { code: "leavesMissing", index, size: missing.size, kept: true })
    );
  }

  summary(): Summary {
    return {
      origin: this.#origin ?? "",
      leaves: this.#tree.size,
      checkpoints: this.#checkpoints,
      signed: this.#signed,
      root: this.#tree.root().toString("hex"),
      ...(this.#firstMs === undefined ? {} : { firstMs: this.#firstMs }),
      ...(this.#lastMs === undefined ? {} : { lastMs: this.#lastMs }),
      keys: this.#keys.map(({ label }) => label),
    };
  }

  #notExpected(line: Line | undefined): Fault {
    if (this.#line === 1) return { code: "log", detail: "the first line does not say which log this is" };
    const detail = line === undefined ? "is not a line of an audit log" : "begins another log";
    return this.#chainFault() ?? { code: "line", line: this.#line, index: this.#tree.size, detail };
  }

  #takeLog({ origin, key, formerKeys = [] }: Extract<Line, { type: "log" }>): Fault | undefined {
    this.#origin = origin;
    if (this.#keys.length === 0) {
      const named = [key, ...formerKeys].filter((text) => text !== undefined).map(readKey);
      const keys = named.filter((found) => found !== undefined);
      if (keys.length < named.length) return { code: "log", detail: "the first line names a key that is none" };
      this.#keys = keys;
    }
    const stranger = this.#keys.find(({ name }) => name !== origin);
    if (stranger !== undefined)
      return { code: "log", detail: `the log calls itself ${origin}, but the key is for ${stranger.name}` };
    return this.#kept === undefined ? undefined : this.#authorityFault(this.#kept, true);
  }

  #takeLeaf({ index: found, leaf: text }: Extract<Line, { type: "leaf" }>): Fault | undefined {
    const { size: index } = this.#tree;
    if (found !== index) return this.#chainFault() ?? { code: "leafOutOfPlace", index, found };
    const leaf = readLeaf(text, index);
    if (typeof leaf === "string") return this.#chainFault() ?? { code: "leafMalformed", index, detail: leaf };
    const follows = leaf.previous === this.#lastHash;
    if (this.#suspect !== undefined)
      return follows
        ? { code: "leafChanged", index: this.#suspect, alone: false }
        : { code: "leafChanged", index: this.#suspect + 1, alone: true };
    if (!follows && index === 0)
      return { code: "leafMalformed", index, detail: "does not begin a log: it names one before" };

    const hash = hashLeaf(text);
    this.#tree.append(hash);
    this.#lastHash = hash.toString("hex");
    this.#suspect = follows ? undefined : index - 1;
    this.#firstMs ??= leaf.atMs;
    this.#lastMs = leaf.atMs;
    return this.#keptFault();
  }

  #takeCheckpoint(note: string): Fault | undefined {
    const { size: index } = this.#tree;
    const checkpoint = readCheckpoint(note);
    if (checkpoint === undefined) return { code: "checkpointMalformed", line: this.#line, index };
    const { size } = checkpoint;
    const fault = this.#authorityFault(checkpoint, false);
    if (fault !== undefined) return fault;
    if (size > index) return { code: "leavesMissing", index, size, kept: false };
    if (size < index || size <= this.#checkpointSize) return { code: "checkpointOutOfPlace", size, index };
    this.#checkpoints += 1;
    this.#checkpointSize = size;
    return this.#rootFault(checkpoint, false);
  }

  /** The kept checkpoint speaks as soon as the leaves that it covers are there. */
  #keptFault(): Fault | undefined {
    if (this.#kept?.size !== this.#tree.size) return undefined;
    return this.#chainFault() ?? this.#rootFault(this.#kept, true);
  }

  #authorityFault(checkpoint: SignedCheckpoint, kept: boolean): Fault | undefined {
    const { size, origin, signatures } = checkpoint;
    if (origin !== this.#origin) return { code: "checkpointOrigin", size, kept, origin };
    const state = signatureState(checkpoint, this.#keys);
    switch (state) {
      case "valid":
        return undefined;
      case "broken":
        return { code: "checkpointSignature", size, kept };
      case "byNobodyKnown":
        return { code: "checkpointUnknownKey", size, kept, by: signatures.map(({ label }) => label).join(", ") };
      default:
        return unreachable(state);
    }
  }

  #rootFault({ size, root }: SignedCheckpoint, kept: boolean): Fault | undefined {
    const from = this.#signed < size ? this.#signed : 0;
    if (!this.#tree.root().equals(root)) return { code: "checkpointRoot", size, kept, from };
    this.#signed = size;
    return undefined;
  }

  /** Nothing follows that would tell which of the last two leaves was changed, so the first bad index is the former. */
  #chainFault(): Fault | undefined {
    return this.#suspect === undefined ? undefined : { code: "leafChanged", index: this.#suspect, alone: false };
  }
}

function readLine(text: string): Line | undefined {
  return Line.safeParse(readJson(text)).data;
}

/** The leaf, or what is wrong with it. */
function readLeaf(text: string, index: number): Leaf | string {
  const value = readJson(text);
  const { data: leaf } = Leaf.safeParse(value);
  if (leaf === undefined) return "is not a leaf of this version";
  if (!isCanonical(value, text)) return "is not canonical JSON (RFC 8785)";
  return leaf.index === index ? leaf : `says of itself that it is leaf ${leaf.index}`;
}

/** Undefined when it is no JSON. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

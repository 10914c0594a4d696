/** The control plane itself, asked over its API, and what it answers in the terms of the model. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { expect, vi } from "vitest";
import { type Answer, ask, env } from "../support.ts";
import { documentsOf } from "./documents.ts";
import type { FleetModel, ModelAnswer, ModelRequest } from "./fleet-model.ts";
import { httpRequestOf } from "./http.ts";
import { listRevisions, newestAudit, read } from "./reads.ts";
import type { Overlay, Overlays, Weights } from "./state.ts";

export type RealAnswer = { readonly broken: boolean; readonly view: ModelAnswer };

export class RealFleet {
  /** By revision, as they were first seen. */
  readonly etags: string[] = [];

  setTime(nowMs: number): void {
    vi.setSystemTime(nowMs);
  }

  async request(request: ModelRequest): Promise<RealAnswer> {
    const { path, ...init } = httpRequestOf(request, this.etags);
    const answer = await ask(path, init);
    return { broken: answer.status >= 500, view: this.#viewOf(answer) };
  }

  async alarm(): Promise<void> {
    await runDurableObjectAlarm(env.FLEET.getByName(env.ENVIRONMENT));
  }

  async auditSize(): Promise<number> {
    const newest = await newestAudit();
    return newest === undefined ? 0 : newest.index + 1;
  }

  /** Fails unless everything that can be read is as the model has it. */
  async compare(model: FleetModel): Promise<void> {
    await this.#compareFleet(model);
    await this.#compareRevisions(model);
    await this.#compareAudit(model);
  }

  async #compareFleet({ revision, state }: FleetModel): Promise<void> {
    const seen = await read("/v1/fleet");
    expect({ revision: seen.revision, documents: seen.documents, overlays: overlaysOf(seen.overlays) }).toEqual({
      revision,
      documents: state.documents === undefined ? [] : documentsOf(state.documents),
      overlays: state.overlays,
    });
    this.#learnTag(revision, `"${seen.digest}"`);
  }

  async #compareRevisions({ revisions }: FleetModel): Promise<void> {
    const listed = await listRevisions();
    const seen = listed.map(({ revision, parent, kind, author, reason }) => ({
      revision,
      parent,
      kind,
      author,
      reason,
    }));
    const expected = revisions.map(({ kind, author, reason }, parent) => ({
      revision: parent + 1,
      parent,
      kind,
      author,
      reason,
    }));
    expect(seen).toEqual(expected);
    for (const { revision, digest } of listed) this.#learnTag(revision, `"${digest}"`);
    expectSameGrouping(
      listed.map(({ documentsDigest }) => documentsDigest),
      revisions.map(({ state }) => JSON.stringify(state.documents)),
    );
  }

  async #compareAudit({ leaves }: FleetModel): Promise<void> {
    const newest = await newestAudit();
    expect(newest?.index ?? -1).toBe(leaves.length - 1);
    if (newest === undefined) return;
    const { action, outcome, problem } = newest.leaf;
    expect({ action, outcome, ...(problem === undefined ? {} : { problem }) }).toEqual(leaves.at(-1));
  }

  /** A tag never changes, and no two revisions have the same. */
  #learnTag(revision: number, etag: string): void {
    expect(etag).toMatch(/^"[^"]{32,}"$/);
    this.etags[revision] ??= etag;
    expect(etag).toBe(this.etags[revision]);
    expect(new Set(this.etags).size).toBe(this.etags.length);
  }

  #viewOf({ status, body, headers }: Answer): ModelAnswer {
    if (status !== 200) return { status, code: body.code };
    const { revision, changed, dryRun, audit } = body;
    expect(body.etag).toBe(headers.get("etag"));
    this.#learnTag(revision, body.etag);
    return { status, revision, changed, dryRun, leaf: audit.index };
  }
}

/** What the model knows of an overlay, whatever its kind. */
type Written = {
  readonly kind: string;
  readonly region?: string;
  readonly cluster?: string;
  readonly route?: string;
  readonly rule?: string;
  readonly weights?: Weights;
  readonly expiresAtMs?: number;
  readonly reason: string;
  readonly createdAtMs: number;
};

function overlaysOf(overlays: readonly Written[]): Overlays {
  return Object.fromEntries(overlays.map((overlay) => [keyOf(overlay), viewOf(overlay)]));
}

function keyOf({ kind, region, cluster, route, rule }: Written): string {
  return `${kind}/${region ?? cluster ?? `${route}/${rule}`}`;
}

function viewOf({ kind, weights, expiresAtMs, reason, createdAtMs: atMs }: Written): Overlay {
  if (weights !== undefined) return { kind: "weightShift", weights, reason, atMs };
  if (expiresAtMs !== undefined) return { kind: "drain", endsAtMs: expiresAtMs, reason, atMs };
  expect(kind).toMatch(/Return$/);
  return { kind: "return", reason, atMs };
}

/** The same documents have the same digest, and others have another. */
function expectSameGrouping(digests: readonly string[], documents: readonly string[]): void {
  const pairs = new Set(documents.map((text, index) => `${digests[index]} ${text}`));
  expect([new Set(digests).size, new Set(documents).size]).toEqual([pairs.size, pairs.size]);
}

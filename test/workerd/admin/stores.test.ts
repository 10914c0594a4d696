/** The stores of the control plane at their edges, on the real SQLite of the fleet object. */
import { reset, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { ControlChange } from "../../../admin/core/safety/control-change.ts";
import {
  APPROVAL_KEPT_MS,
  approvalsBefore,
  closeApproval,
  expireApprovals,
  findApproval,
  insertApproval,
  isPending,
  loadApprovalRequest,
  type NewApproval,
  nextApprovalExpiryMs,
  pendingApprovals,
  voteOnApproval,
} from "../../../admin/store/approvals.ts";
import { forgetChanges, keepChanges, recentChanges, recentChangesOf } from "../../../admin/store/control-history.ts";
import { deletedBefore, keepDeleted } from "../../../admin/store/deleted-documents.ts";
import { findAnswer, forgetAnswers, IDEMPOTENCY_KEPT_MS, keepAnswer } from "../../../admin/store/idempotency.ts";
import {
  closeIncident,
  findIncident,
  incidentsBefore,
  openIncident,
  openIncidents,
} from "../../../admin/store/incidents.ts";
import { loadPublishing, savePublishing } from "../../../admin/store/publishing.ts";
import { loadText } from "../../../admin/store/texts.ts";
import { env } from "./support.ts";

afterEach(() => reset());

/** Runs inside the object, in one transaction, as the commit path does. */
function inStore<T>(work: (sql: SqlStorage) => T): Promise<T> {
  return runInDurableObject(env.FLEET.getByName("demo"), (_, { storage }) =>
    storage.transactionSync(() => work(storage.sql)),
  );
}

function names(sql: SqlStorage): readonly string[] {
  return sql
    .exec("SELECT DISTINCT name FROM texts ORDER BY name")
    .toArray()
    .map(({ name }) => String(name));
}

const ALL = Number.MAX_SAFE_INTEGER;

describe("answers by idempotency key", () => {
  const answer = { principal: "ci", key: "deploy-1", fingerprint: "f", answer: { revision: 7 }, createdAtMs: 1_000 };
  const { principal, key } = answer;

  test.each([
    // after it was kept                found
    [0, true],
    [IDEMPOTENCY_KEPT_MS - 1, true],
    [IDEMPOTENCY_KEPT_MS, false],
    [IDEMPOTENCY_KEPT_MS + 1, false],
  ])("%i ms later one is there: %s", async (laterMs, found) => {
    const seen = await inStore((sql) => {
      keepAnswer(sql, answer);
      return findAnswer(sql, { principal, key, nowMs: 1_000 + laterMs });
    });
    expect(seen).toEqual(found ? { fingerprint: "f", answer: { revision: 7 }, createdAtMs: 1_000 } : undefined);
  });

  test.each([
    // of                                          found
    [{ principal: "ci", key: "deploy-1" }, true],
    [{ principal: "ci", key: "deploy-2" }, false],
    [{ principal: "people", key: "deploy-1" }, false],
    [{ principal: "c", key: "ideploy-1" }, false],
  ])("belong to one key of one principal: %j %s", async (name, found) => {
    const seen = await inStore((sql) => {
      keepAnswer(sql, answer);
      return findAnswer(sql, { ...name, nowMs: 1_000 });
    });
    expect(seen !== undefined).toBe(found);
  });

  test("may be longer than a row", async () => {
    const long = "é".repeat(1_500_000);
    const seen = await inStore((sql) => {
      keepAnswer(sql, { ...answer, answer: long });
      return findAnswer(sql, { principal, key, nowMs: 1_000 });
    });
    expect(seen?.answer).toBe(long);
  });

  test("give way once their time is over, and not before", async () => {
    await inStore((sql) => {
      keepAnswer(sql, answer);
      const again = { ...answer, answer: "second", createdAtMs: 1_000 + IDEMPOTENCY_KEPT_MS };
      expect(() => keepAnswer(sql, { ...again, createdAtMs: again.createdAtMs - 1 })).toThrow("a key is free");
      keepAnswer(sql, again);
      expect(findAnswer(sql, { principal, key, nowMs: again.createdAtMs })?.answer).toBe("second");
      expect(names(sql)).toEqual(["answer/1"]);
    });
  });

  test("are forgotten oldest first, so many at a time, with their texts", async () => {
    await inStore((sql) => {
      for (const [index, createdAtMs] of [30, 10, 20, 40].entries())
        keepAnswer(sql, { ...answer, key: `key-${index}`, createdAtMs });
      expect(forgetAnswers(sql, 40, 2)).toBe(2);
      expect(names(sql)).toEqual(["answer/1", "answer/4"]);
      expect(forgetAnswers(sql, 40, 2)).toBe(1);
      expect(forgetAnswers(sql, 40, 2)).toBe(0);
      expect(names(sql)).toEqual(["answer/4"]);
    });
  });
});

describe("approvals", () => {
  const asked = (id: string, createdAtMs = 1_000): NewApproval => ({
    ...{ id, author: "ada", action: "fleet.apply", resource: "fleet", reason: "grow" },
    ...{ because: ["removes 30% of the clusters"], planDigest: "d", baseRevision: 4, required: 2 },
    ...{ createdAtMs, expiresAtMs: createdAtMs + APPROVAL_KEPT_MS },
  });
  const yes = (voter: string, atMs = 2_000) => ({ voter, verdict: "approve", reason: "fine", atMs }) as const;

  test("are read as they were asked for", async () => {
    const { record, request } = await inStore((sql) => {
      insertApproval(sql, asked("a"), '{"kind":"apply"}');
      return { record: findApproval(sql, "a"), request: loadApprovalRequest(sql, "a") };
    });
    expect(record).toEqual({ ...asked("a"), number: 1, state: "pending", votes: [] });
    expect(request).toBe('{"kind":"apply"}');
    expect(await inStore((sql) => findApproval(sql, "b"))).toBeUndefined();
  });

  test("collect one vote of each person, in order", async () => {
    const votes = await inStore((sql) => {
      insertApproval(sql, asked("a"), "{}");
      voteOnApproval(sql, "a", yes("grace"));
      voteOnApproval(sql, "a", yes("alan", 3_000));
      expect(() => voteOnApproval(sql, "a", yes("grace", 4_000))).toThrow("nobody votes twice");
      return findApproval(sql, "a")?.votes;
    });
    expect(votes).toEqual([yes("grace"), yes("alan", 3_000)]);
  });

  test.each([[{ state: "approved", revision: 5 }], [{ state: "rejected" }], [{ state: "stale" }]] as const)(
    "close once: %j",
    async (closing) => {
      const record = await inStore((sql) => {
        insertApproval(sql, asked("a"), "{}");
        closeApproval(sql, "a", closing);
        expect(() => closeApproval(sql, "a", { state: "rejected" })).toThrow("only a pending approval");
        expect(() => voteOnApproval(sql, "a", yes("grace"))).toThrow("only a pending approval");
        return findApproval(sql, "a");
      });
      expect(record).toMatchObject(closing);
      expect(record !== undefined && isPending(record, 2_000)).toBe(false);
    },
  );

  test.each([
    // of its time is left    state      text
    [1, "pending", true],
    [0, "expired", false],
    [-1, "expired", false],
  ])("with %i ms left are %s", async (leftMs, state, kept) => {
    const nowMs = 1_000 + APPROVAL_KEPT_MS - leftMs;
    await inStore((sql) => {
      insertApproval(sql, asked("a"), "{}");
      insertApproval(sql, asked("later", 5_000), "{}");
      expect(pendingApprovals(sql, nowMs).map(({ id }) => id)).toEqual(kept ? ["a", "later"] : ["later"]);
      expect(nextApprovalExpiryMs(sql)).toBe(1_000 + APPROVAL_KEPT_MS);
      expect(expireApprovals(sql, nowMs).map(({ id }) => id)).toEqual(kept ? [] : ["a"]);
      expect(findApproval(sql, "a")?.state).toBe(state);
      expect(loadText(sql, "approval/a") !== undefined).toBe(kept);
      expect(loadText(sql, "approval/later")).toBe("{}");
    });
  });

  test("that were decided stay so when their time is over, and lose what they asked for", async () => {
    await inStore((sql) => {
      insertApproval(sql, asked("a"), "{}");
      closeApproval(sql, "a", { state: "approved", revision: 5 });
      expect(loadText(sql, "approval/a")).toBe("{}");
      expect(expireApprovals(sql, 1_000 + APPROVAL_KEPT_MS)).toEqual([]);
      expect(findApproval(sql, "a")).toMatchObject({ state: "approved", revision: 5 });
      expect(names(sql)).toEqual([]);
      expect(nextApprovalExpiryMs(sql)).toBeUndefined();
    });
  });

  test("are listed newest first", async () => {
    const pages = await inStore((sql) => {
      for (const id of ["a", "b", "c"]) insertApproval(sql, asked(id), "{}");
      return [approvalsBefore(sql, ALL, 2), approvalsBefore(sql, 2, 2), approvalsBefore(sql, 1, 2)];
    });
    expect(pages.map((page) => page.map(({ id }) => id))).toEqual([["c", "b"], ["a"], []]);
  });
});

describe("incidents", () => {
  const opening = { severity: 2, title: "t", reason: "r", openedBy: "ada", openedAtMs: 1_000 } as const;

  test.each([
    [{ kind: "opened" }],
    [{ kind: "override", override: "glass", rules: ["stepMax"] }],
    [{ kind: "withdrawn", withdrawnRevision: 9, because: "edges reject it" }],
    [{ kind: "held", overlay: "regionDrain/eu-west", because: "no capacity" }],
  ] as const)("keep their cause: %j", async (cause) => {
    const { opened, found } = await inStore((sql) => {
      const incident = openIncident(sql, { ...opening, cause, revision: 9 });
      return { opened: incident, found: findIncident(sql, incident.id) };
    });
    expect(found).toEqual(opened);
    expect(found).toEqual({ ...opening, cause, revision: 9, number: 1, id: expect.any(String) });
  });

  test("are open until somebody closes them, the worst first", async () => {
    await inStore((sql) => {
      const [mild, bad, alsoBad] = ([3, 1, 1] as const).map((severity) =>
        openIncident(sql, { ...opening, severity, cause: { kind: "opened" } }),
      );
      const open = () => openIncidents(sql).map(({ number }) => number);
      expect(open()).toEqual([2, 3, 1]);
      const closing = { closedBy: "grace", closedAtMs: 2_000, closing: "over" };
      expect(closeIncident(sql, bad?.id ?? "", closing)).toEqual({ ...bad, ...closing });
      expect(open()).toEqual([3, 1]);
      expect(() => closeIncident(sql, bad?.id ?? "", closing)).toThrow("only an open incident");
      expect(() => closeIncident(sql, "none", closing)).toThrow("only an open incident");
      const listed = [incidentsBefore(sql, ALL, 2), incidentsBefore(sql, 2, 2)];
      expect(listed.map((page) => page.map(({ id }) => id))).toEqual([[alsoBad?.id, bad?.id], [mild?.id]]);
      expect(findIncident(sql, bad?.id ?? "")).toMatchObject(closing);
    });
  });
});

describe("what was turned lately", () => {
  const turned = (control: string, direction: "on" | "off", atMs: number): ControlChange => ({
    ...{ control, direction, deltasBps: {}, atMs },
  });
  const shifted = (deltasBps: Record<string, number>, atMs: number): ControlChange => ({
    ...{ control: "weights/web/europe", direction: "shift", deltasBps, atMs },
  });

  test("is read from a time on, that time included, by control or all of it", async () => {
    const changes = [
      turned("region/a", "off", 59_999),
      turned("region/a", "on", 60_000),
      turned("region/b", "off", 120_000),
      shifted({ a: 500, b: -500 }, 130_000),
    ];
    await inStore((sql) => {
      keepChanges(sql, changes);
      expect(recentChanges(sql, 0)).toEqual(changes);
      expect(recentChanges(sql, 60_000)).toEqual(changes.slice(1));
      expect(recentChanges(sql, 60_001)).toEqual(changes.slice(2));
      expect(recentChangesOf(sql, ["region/a", "region/a", "region/c"], 0)).toEqual(changes.slice(0, 2));
      expect(recentChangesOf(sql, ["weights/web/europe", "region/b"], 120_001)).toEqual(changes.slice(3));
      expect(recentChangesOf(sql, [], 0)).toEqual([]);
      forgetChanges(sql, 119_999);
      expect(recentChanges(sql, 0)).toEqual(changes.slice(1));
      forgetChanges(sql, 120_000);
      expect(recentChanges(sql, 0)).toEqual(changes.slice(2));
    });
  });

  test("is added up within a minute, but only what goes the same way", async () => {
    const seen = await inStore((sql) => {
      keepChanges(sql, [
        shifted({ a: 100, b: -100 }, 1_000),
        shifted({ a: -30, b: 30 }, 2_000),
        shifted({ b: -50, a: 50, c: 0 }, 3_000),
        shifted({ a: 1, b: -1 }, 60_000),
      ]);
      return recentChanges(sql, 0);
    });
    expect(seen).toEqual([
      shifted({ a: -30, b: 30 }, 2_000),
      shifted({ a: 150, b: -150, c: 0 }, 3_000),
      shifted({ a: 1, b: -1 }, 60_000),
    ]);
  });

  test("says for every region what it gained and lost, and when each control last went each way", async () => {
    const change = fc
      .record({
        control: fc.constantFrom("weights/a/b", "weights/c/d", "region/a"),
        deltas: fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })),
        atMs: fc.integer({ min: 0, max: 300_000 }),
        on: fc.boolean(),
      })
      .map(({ control, deltas: [a, b], atMs, on }): ControlChange => {
        if (control === "region/a") return { control, direction: on ? "on" : "off", deltasBps: {}, atMs };
        return { control, direction: "shift", deltasBps: { a, b, c: -a - b }, atMs };
      });
    const summary = (changes: readonly ControlChange[]) => {
      const sums = new Map<string, number>();
      for (const { control, direction, deltasBps, atMs } of changes) {
        const last = `${control} ${direction} last`;
        sums.set(last, Math.max(sums.get(last) ?? 0, atMs));
        for (const [region, bps] of Object.entries(deltasBps)) {
          const part = `${control} ${region} ${bps > 0 ? "gained" : "lost"}`;
          if (bps !== 0) sums.set(part, (sums.get(part) ?? 0) + Math.abs(bps));
        }
      }
      return sums;
    };
    await inStore((sql) => {
      fc.assert(
        fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
          sql.exec("DELETE FROM control_changes");
          keepChanges(sql, changes);
          expect(summary(recentChanges(sql, 0))).toEqual(summary(changes));
        }),
        { numRuns: 50 },
      );
    });
  });
});

describe("deleted documents", () => {
  const documents = (...list: readonly string[]) => list.map((name) => ({ kind: "Cluster", metadata: { name } }));
  const deletion = (lastRevision: number) => ({ lastRevision, deletedBy: "ada", deletedAtMs: lastRevision * 10 });
  const listed = (sql: SqlStorage) =>
    deletedBefore(sql, ALL, 10).map(({ document, lastRevision }) => `${document} ${lastRevision}`);

  test("are listed newest first until they are there again", async () => {
    await inStore((sql) => {
      keepDeleted(sql, documents("a", "b", "c"), documents("b"), deletion(1));
      expect(listed(sql)).toEqual(["Cluster/c 1", "Cluster/a 1"]);
      keepDeleted(sql, documents("b"), documents("a"), deletion(2));
      expect(listed(sql)).toEqual(["Cluster/b 2", "Cluster/c 1"]);
      keepDeleted(sql, documents("a"), documents(), deletion(3));
      expect(listed(sql)).toEqual(["Cluster/a 3", "Cluster/b 2", "Cluster/c 1"]);
      const [newest, ...rest] = deletedBefore(sql, ALL, 10);
      expect(newest).toMatchObject({ document: "Cluster/a", deletedBy: "ada", deletedAtMs: 30 });
      expect(deletedBefore(sql, newest?.number ?? 0, 1)).toEqual(rest.slice(0, 1));
    });
  });

  test("are not looked for when the documents are the very same list", async () => {
    const same = documents("a");
    await inStore((sql) => {
      keepDeleted(sql, same, same, deletion(1));
      expect(listed(sql)).toEqual([]);
    });
  });
});

describe("publishing", () => {
  test.each([
    [{ releasedRevision: 3 }],
    [{ releasedRevision: 3, hold: { vantage: "weur", sinceRevision: 3, sinceMs: 1, untilMs: 2 } }],
  ] as const)("is what was saved: %j", async (publishing) => {
    await inStore((sql) => {
      expect(loadPublishing(sql)).toEqual({ releasedRevision: 0 });
      savePublishing(sql, { releasedRevision: 1, hold: { vantage: "oc", sinceRevision: 2, sinceMs: 5, untilMs: 6 } });
      savePublishing(sql, publishing);
      expect(loadPublishing(sql)).toEqual(publishing);
    });
  });
});

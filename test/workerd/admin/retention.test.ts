/** What is dropped of the past, and that nothing is dropped which somebody still names. */
import { reset, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { deletedBefore, keepDeleted } from "../../../admin/store/deleted-documents.ts";
import {
  hasState,
  type PruneOptions,
  pruneStates,
  REVISION_STATES_KEPT,
  REVISION_STATES_KEPT_MS,
} from "../../../admin/store/retention.ts";
import { insertRevision, revisionsBefore } from "../../../admin/store/revisions.ts";
import { dropOrphans } from "../../../admin/store/text-owners.ts";
import { saveText } from "../../../admin/store/texts.ts";
import { env } from "./support.ts";

afterEach(() => reset());

function inStore<T>(work: (sql: SqlStorage) => T): Promise<T> {
  return runInDurableObject(env.FLEET.getByName("demo"), (_, { storage }) =>
    storage.transactionSync(() => work(storage.sql)),
  );
}

const DAY_MS = 86_400_000;
const KEPT_DAYS = REVISION_STATES_KEPT_MS / DAY_MS;
const ALL = Number.MAX_SAFE_INTEGER;

type Made = { readonly documents: number; readonly overlays: number; readonly day: number };

/** As the digest of something: what is equal has the same. */
const digestOf = (content: number) => content.toString(16).padStart(64, "0");

/** Revisions from 1 on, with their texts. The same content is the same text, be it documents or overlays. */
function write(sql: SqlStorage, history: readonly Made[]): void {
  for (const [parent, { documents, overlays, day }] of history.entries()) {
    const revision = parent + 1;
    for (const content of [documents, overlays]) saveText(sql, digestOf(content), `[${content}]`);
    saveText(sql, `outcome/${revision}`, "{}");
    insertRevision(sql, {
      ...{ revision, parent, digest: `state-${revision}`, kind: "apply", author: "ada", createdAtMs: day * DAY_MS },
      ...{ documentsDigest: digestOf(documents), overlaysDigest: digestOf(overlays) },
    });
  }
}

/** `document` goes with revision `lastRevision` + 1. */
function remove(sql: SqlStorage, document: string, lastRevision: number, day: number): void {
  const deletion = { lastRevision, deletedBy: "ada", deletedAtMs: day * DAY_MS };
  keepDeleted(sql, [{ kind: "Cluster", metadata: { name: document } }], [], deletion);
}

function kept(sql: SqlStorage): readonly number[] {
  return revisionsBefore(sql, ALL, ALL)
    .map(({ revision }) => revision)
    .filter((revision) => hasState(sql, revision))
    .reverse();
}

function textNames(sql: SqlStorage): readonly string[] {
  return sql
    .exec("SELECT name FROM texts ORDER BY name")
    .toArray()
    .map(({ name }) => String(name));
}

/** By which revisions up to `farBack` are far back. */
const options = (day: number, farBack: number, pinned: readonly number[] = []): PruneOptions => ({
  ...{ nowMs: day * DAY_MS, targetRevision: REVISION_STATES_KEPT + farBack, pinned },
});

test.each([
  // revision 1 made on day 10; today    far back up to    pinned    dropped
  [10 + KEPT_DAYS, 1, [], true],
  [10 + KEPT_DAYS - 1 / DAY_MS, 1, [], false],
  [10 + KEPT_DAYS, 0, [], false],
  [10 + KEPT_DAYS, 1, [1], false],
  [10 + KEPT_DAYS, 1, [2], true],
  [10 + 10 * KEPT_DAYS, 0, [], false],
])("on day %d, with revisions up to %i far back and %j pinned: %s", async (day, farBack, pinned, dropped) => {
  await inStore((sql) => {
    write(sql, [{ documents: 1, overlays: 2, day: 10 }]);
    expect(pruneStates(sql, options(day, farBack, pinned))).toEqual({ pruned: dropped ? 1 : 0, more: false });
    expect(hasState(sql, 1)).toBe(!dropped);
    expect(textNames(sql)).toHaveLength(dropped ? 0 : 3);
    expect(revisionsBefore(sql, ALL, 10)).toHaveLength(1);
  });
});

test.each([
  // deleted on day 50; today    the revision with it stays
  [50 + KEPT_DAYS - 1 / DAY_MS, true],
  [50 + KEPT_DAYS, false],
])("on day %d the last revision with a deleted document stays: %s", async (day, stays) => {
  await inStore((sql) => {
    const history = [0, 1, 2].map((content) => ({ documents: content, overlays: 9, day: 0 }));
    write(sql, history);
    remove(sql, "blue", 2, 50);
    pruneStates(sql, options(day, 3));
    expect(kept(sql)).toEqual(stays ? [2] : []);
    expect(deletedBefore(sql, ALL, 10).map(({ document }) => document)).toEqual(stays ? ["Cluster/blue"] : []);
  });
});

test("goes on where it stopped, so many revisions at a time, the oldest first", async () => {
  await inStore((sql) => {
    write(
      sql,
      [1, 2, 3, 4, 5].map((content) => ({ documents: content, overlays: 9, day: content })),
    );
    const steps = () => pruneStates(sql, options(1_000, 5, [3]), 2);
    expect([steps(), kept(sql)]).toEqual([{ pruned: 2, more: true }, [3, 4, 5]]);
    expect([steps(), kept(sql)]).toEqual([{ pruned: 2, more: true }, [3]]);
    expect([steps(), kept(sql)]).toEqual([{ pruned: 0, more: false }, [3]]);
    expect(textNames(sql)).toEqual([digestOf(3), digestOf(9), "outcome/3"]);
  });
});

test("a revision without a state has none, and neither has one that never was", async () => {
  await inStore((sql) => {
    write(sql, [{ documents: 1, overlays: 1, day: 0 }]);
    expect([hasState(sql, 0), hasState(sql, 1), hasState(sql, 2)]).toEqual([false, true, false]);
  });
});

/** Some contents come again and again, in both roles, so that texts are shared in every way. */
const history = fc
  .array(
    fc.record({
      documents: fc.integer({ min: 0, max: 4 }),
      overlays: fc.integer({ min: 3, max: 7 }),
      later: fc.integer({ min: 0, max: 40 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((made) =>
    made.map(({ documents, overlays }, index) => ({
      ...{ documents, overlays },
      day: made.slice(0, index + 1).reduce((day, { later }) => day + later, 0),
    })),
  );

const number = fc.integer({ min: 1, max: 25 });

const turn = fc.record({
  days: fc.integer({ min: 0, max: 120 }),
  farBack: fc.integer({ min: 0, max: 30 }),
  pinned: fc.array(number, { maxLength: 4 }),
  limit: fc.integer({ min: 1, max: 4 }),
});

test("whatever is dropped when, the texts left are exactly those that kept revisions name", async () => {
  const runs = fc.record({
    history,
    deletions: fc.uniqueArray(fc.tuple(number, fc.integer({ min: 0, max: 300 })), {
      maxLength: 6,
      selector: ([n]) => n,
    }),
    turns: fc.array(turn, { minLength: 1, maxLength: 6 }),
  });
  await inStore((sql) => {
    fc.assert(
      fc.property(runs, ({ history: made, deletions, turns }) => {
        for (const table of ["revisions", "texts", "deleted_documents"]) sql.exec(`DELETE FROM ${table}`);
        write(sql, made);
        for (const [lastRevision, day] of deletions) remove(sql, `document-${lastRevision}`, lastRevision, day);
        let expected = made.map((_, index) => index + 1);
        let today = 0;
        for (const { days, farBack, pinned, limit } of turns) {
          today += days;
          const old = (day: number) => day <= today - KEPT_DAYS;
          const guarded = deletions.flatMap(([revision, day]) => (old(day) ? [] : [revision]));
          expected = expected.filter(
            (revision) =>
              !old(made[revision - 1]?.day ?? 0) ||
              revision > farBack ||
              pinned.includes(revision) ||
              guarded.includes(revision),
          );
          while (pruneStates(sql, options(today, farBack, pinned), limit).more);
          expect(kept(sql)).toEqual(expected);
          expect(textNames(sql)).toEqual(namedBy(made, expected));
        }
        dropOrphans(sql);
        expect(textNames(sql)).toEqual(namedBy(made, expected));
      }),
      { numRuns: 100 },
    );
  });
});

function namedBy(made: readonly Made[], revisions: readonly number[]): readonly string[] {
  const names = revisions.flatMap((revision) => {
    const { documents, overlays } = made[revision - 1] ?? { documents: -1, overlays: -1 };
    return [digestOf(documents), digestOf(overlays), `outcome/${revision}`];
  });
  return [...new Set(names)].sort();
}

test("texts that nobody owns are found by their names, and no others", async () => {
  await inStore((sql) => {
    write(sql, [{ documents: 1, overlays: 2, day: 0 }]);
    const orphans = [digestOf(3), "outcome/2", "approval/none", "answer/1"];
    for (const name of [...orphans, "something-else", "outcomes"]) saveText(sql, name, "x");
    dropOrphans(sql);
    expect(textNames(sql)).toEqual([digestOf(1), digestOf(2), "outcome/1", "outcomes", "something-else"]);
  });
});

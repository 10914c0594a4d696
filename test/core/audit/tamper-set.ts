/**
 * The tamper set: what can be done to an exported log by whoever can write the file, and where the verifier must see it.
 * The log has 12 leaves and checkpoints of sizes 4, 8 and 10, so that the last two leaves are not signed yet.
 */
import { canonicalJson } from "../../../config/canonical.ts";
import type { Fault } from "../../../scripts/lib/audit/fault.ts";
import {
  type CheckpointLine,
  type ExportLine,
  exportOf,
  type LeafLine,
  leafOf,
  noteText,
  ORIGIN,
  rebuild,
  Signer,
  sizeOf,
} from "./export-file.ts";

export const signer = new Signer(1);
export const attacker = new Signer(2);
export const LOG = exportOf({ leaves: 12, checkpoints: [4, 8, 10], signer });

function leafLine(index: number): LeafLine {
  const found = LOG.find((line) => line.type === "leaf" && line.index === index);
  if (found?.type !== "leaf") throw new Error(`there is no leaf ${index}`);
  return found;
}

export function checkpointLine(size: number): CheckpointLine {
  const found = LOG.find((line) => line.type === "checkpoint" && sizeOf(line) === size);
  if (found?.type !== "checkpoint") throw new Error(`there is no checkpoint of size ${size}`);
  return found;
}

/** The log with other lines in the place of one: none, one or several. */
export function replaced(line: ExportLine, by: readonly ExportLine[]): readonly ExportLine[] {
  return LOG.flatMap((candidate) => (candidate === line ? by : [candidate]));
}

/** The leaf says something else, spelled as it should be. */
export function edited(index: number, change: object): readonly ExportLine[] {
  const line = leafLine(index);
  return replaced(line, [{ ...line, leaf: canonicalJson({ ...leafOf(line), ...change }) }]);
}

/** The text of the leaf is another, as it stands in the file. */
function respelled(index: number, change: (text: string) => string): readonly ExportLine[] {
  const line = leafLine(index);
  return replaced(line, [{ ...line, leaf: change(line.leaf) }]);
}

export function noted(size: number, change: (line: CheckpointLine) => string): readonly ExportLine[] {
  const line = checkpointLine(size);
  return replaced(line, [{ ...line, note: change(line) }]);
}

function swapped(a: number, b: number): readonly ExportLine[] {
  const [first, second] = [leafLine(a), leafLine(b)];
  return LOG.map((line) => (line === first ? second : line === second ? first : line));
}

/** Leaf 5 says something else, and everything after it fits again. */
export const REBUILT = rebuild(LOG, (leaf) => (leaf.index === 5 ? { ...leaf, reason: "forged" } : leaf));

/** Leaf 5 says something else, and the links after it are repaired up to, not including, `until`. */
function repaired(until: number): readonly ExportLine[] {
  return LOG.map((line, i) => (line.type === "leaf" && line.index < until ? (REBUILT[i] ?? line) : line));
}

const leavesBelow = (count: number) => LOG.filter((line) => line.type !== "leaf" || line.index < count);

const otherRoot = ({ note }: CheckpointLine) => note.replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${"A".repeat(43)}=\n`);
const otherSize = ({ note }: CheckpointLine) => note.replace("\n8\n", "\n9\n");
const otherLog = (line: CheckpointLine) => signer.note(noteText(line).replace("/demo\n", "/production\n"));

export type TamperRow = readonly [what: string, lines: readonly ExportLine[], fault: Partial<Fault>, signed: number];

const FORGED = { reason: "forged" };
const [FIRST_LINE] = LOG;
if (FIRST_LINE?.type !== "log") throw new Error("a log begins with what it is");

/** `fault` is where it shows, `signed` how many leaves before it are still vouched for. */
// biome-ignore format: a table reads in columns
export const TAMPER_SET: readonly TamperRow[] = [
  // what                                        lines                                                          fault                                             signed
  ["change a leaf",                              edited(5, FORGED),                                             { code: "leafChanged", index: 5, alone: false },  4],
  ["change the first leaf",                      edited(0, FORGED),                                             { code: "leafChanged", index: 0, alone: false },  0],
  ["change the last leaf of a checkpoint",       edited(7, FORGED),                                             { code: "checkpointRoot", size: 8, from: 4 },     4],
  ["change a leaf after the last checkpoint",    edited(10, FORGED),                                            { code: "leafChanged", index: 10, alone: false }, 10],
  ["change which leaf a leaf follows",           edited(5, { previous: "0".repeat(64) }),                       { code: "leafChanged", index: 5, alone: true },   4],
  ["change what the first leaf follows",         edited(0, { previous: "1".repeat(64) }),                       { code: "leafMalformed", index: 0 },              0],
  ["change the index inside a leaf",             edited(5, { index: 6 }),                                       { code: "leafMalformed", index: 5 },              4],
  ["change the version of a leaf",               edited(5, { version: 2 }),                                     { code: "leafMalformed", index: 5 },              4],
  ["spell a leaf otherwise",                     respelled(5, (text) => ` ${text}`),                            { code: "leafMalformed", index: 5 },              4],
  ["say a key of a leaf twice",                  respelled(5, (text) => text.replace("{", '{"action":"x",')),   { code: "leafMalformed", index: 5 },              4],
  ["make a leaf something else",                 respelled(5, () => "[]"),                                      { code: "leafMalformed", index: 5 },              4],
  ["drop a leaf",                                replaced(leafLine(5), []),                                     { code: "leafOutOfPlace", index: 5, found: 6 },   4],
  ["drop the first leaf",                        replaced(leafLine(0), []),                                     { code: "leafOutOfPlace", index: 0, found: 1 },   0],
  ["drop the last leaf of a checkpoint",         replaced(leafLine(9), []),                                     { code: "leavesMissing", index: 9, size: 10 },    8],
  ["put the next leaf in the place of one",      replaced(leafLine(5), [{ ...leafLine(6), index: 5 }]),         { code: "leafMalformed", index: 5 },              4],
  ["swap two neighbours",                        swapped(5, 6),                                                 { code: "leafOutOfPlace", index: 5, found: 6 },   4],
  ["swap two that are far apart",                swapped(2, 9),                                                 { code: "leafOutOfPlace", index: 2, found: 9 },   0],
  ["duplicate a leaf",                           replaced(leafLine(5), [leafLine(5), leafLine(5)]),             { code: "leafOutOfPlace", index: 6, found: 5 },   4],
  ["truncate the leaves",                        leavesBelow(6),                                                { code: "leavesMissing", index: 6, size: 8 },     4],
  ["drop all leaves",                            leavesBelow(0),                                                { code: "leavesMissing", index: 0, size: 4 },     0],
  ["repair the links as far as a checkpoint",    repaired(8),                                                   { code: "checkpointRoot", size: 8, from: 4 },     4],
  ["repair some of the links",                   repaired(7),                                                   { code: "leafChanged", index: 6, alone: false },  4],
  ["rebuild every hash after a changed leaf",    REBUILT,                                                       { code: "checkpointSignature", size: 8 },         4],
  ["rebuild every hash from the first leaf on",  rebuild(LOG, (leaf) => ({ ...leaf, ...FORGED })),              { code: "checkpointSignature", size: 4 },         0],
  ["rebuild every hash without a leaf",          rebuild(replaced(leafLine(5), []), (leaf) => leaf),            { code: "checkpointSignature", size: 8 },         4],
  ["forge a checkpoint with another key",        noted(8, (line) => attacker.note(noteText(line))),             { code: "checkpointUnknownKey", size: 8 },        4],
  ["forge a root above a real signature",        noted(8, otherRoot),                                           { code: "checkpointSignature", size: 8 },         4],
  ["forge a size above a real signature",        noted(8, otherSize),                                           { code: "checkpointSignature", size: 9 },         4],
  ["put in a checkpoint of another log",         noted(8, otherLog),                                            { code: "checkpointOrigin", size: 8 },            4],
  ["break a checkpoint",                         noted(8, ({ note }) => note.slice(0, -9)),                     { code: "checkpointMalformed", index: 8 },        4],
  ["repeat a checkpoint",                        replaced(checkpointLine(8), [checkpointLine(8), checkpointLine(8)]), { code: "checkpointOutOfPlace", size: 8 },  8],
  ["put an old checkpoint in a later place",     replaced(checkpointLine(8), [checkpointLine(4)]),              { code: "checkpointOutOfPlace", size: 4 },        4],
  ["drop the first line",                        LOG.slice(1),                                                  { code: "log" },                                  0],
  ["begin another log in the middle",            replaced(leafLine(5), [FIRST_LINE, leafLine(5)]),              { code: "line", line: 8, index: 5 },              4],
  ["claim to be another log",                    replaced(FIRST_LINE, [{ ...FIRST_LINE, origin: `${ORIGIN}2` }]), { code: "log" },                                0],
  ["drop everything",                            [],                                                            { code: "log" },                                  0],
];

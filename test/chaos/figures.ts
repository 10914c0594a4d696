/** The figures of a run for people, below each other. The tests assert what is promised; these say how it went. */
import { type Answered, elapsedAt } from "./load.ts";

export type Figures = Readonly<Record<string, string | number>>;

export function figuresOf(answers: readonly Answered[], attempts: number | undefined): Figures {
  const lost = answers.filter(({ status }) => status !== 200).length;
  return {
    requests: answers.length,
    "not 200": lost,
    attempts: attempts ?? "not countable",
    "per request": attempts === undefined ? "-" : (attempts / answers.length).toFixed(3),
    "p50 ms": elapsedAt(answers, 0.5).toFixed(1),
    "p99 ms": elapsedAt(answers, 0.99).toFixed(1),
    "max ms": elapsedAt(answers, 1).toFixed(1),
  };
}

export function printFigures(rows: Readonly<Record<string, Figures>>): void {
  console.table(rows);
}

/** Where and how often the table is printed: redrawn in place on a terminal, a block now and then anywhere else. */
import { renderTable, type TableState } from "./table.ts";

const REDRAW_MS = 1_000;
/** A log must stay readable. */
const BLOCK_MS = 5_000;
const WIDTH_DEFAULT = 100;

export type Output = {
  readonly isTTY: boolean;
  /** Of the terminal now; undefined when it is none. */
  readonly columns: () => number | undefined;
  readonly write: (text: string) => unknown;
};

export type LiveTable = { readonly stop: () => void };

export function startLiveTable(options: {
  readonly output: Output;
  /** Asks for what there is to show, once for each drawing. */
  readonly state: () => Omit<TableState, "color" | "width">;
  readonly noColor: boolean;
}): LiveTable {
  const { output, state, noColor } = options;
  const color = output.isTTY && !noColor;
  let linesOnScreen = 0;
  const draw = (): void => {
    const text = renderTable({ ...state(), color, width: output.columns() ?? WIDTH_DEFAULT });
    output.write(output.isTTY ? inPlace(text, linesOnScreen) : `\n${text}`);
    linesOnScreen = text.split("\n").length - 1;
  };
  const timer = setInterval(draw, output.isTTY ? REDRAW_MS : BLOCK_MS);
  return {
    stop: () => clearInterval(timer),
  };
}

/** Moves up over the last table, and clears what it left: the new one may be shorter. */
function inPlace(text: string, linesOnScreen: number): string {
  return linesOnScreen === 0 ? text : `\x1b[${linesOnScreen}A\x1b[0J${text}`;
}

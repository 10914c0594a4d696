/**
 * What has to be undone when the bench ends, however it ends: each thing that was started says here how it is stopped.
 * Undoing runs backwards, once, and one failure does not keep the rest from being undone.
 */
export type Cleanup = {
  readonly add: (undo: () => void | Promise<void>) => void;
  readonly run: () => Promise<void>;
};

export function createCleanup(): Cleanup {
  const undoes: (() => void | Promise<void>)[] = [];
  let over = false;
  return {
    add: (undo) => {
      undoes.push(undo);
      // Started while everything was being ended, by code that had not noticed yet.
      if (over) void undoAll(undoes);
    },
    run: async () => {
      over = true;
      await undoAll(undoes);
    },
  };
}

async function undoAll(undoes: (() => void | Promise<void>)[]): Promise<void> {
  for (let undo = undoes.pop(); undo !== undefined; undo = undoes.pop()) {
    try {
      await undo();
    } catch (cause) {
      process.stderr.write(`bench: cleaning up failed: ${String(cause)}\n`);
    }
  }
}

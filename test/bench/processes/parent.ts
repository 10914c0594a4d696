/** How a process of the bench lives with its parent: it answers its orders and ends when the parent is gone. */

/** Ctrl-C reaches the whole process group; only the parent acts on it, and this process ends with the IPC channel. */
export function endWithParent(): void {
  process.on("SIGINT", () => undefined);
  process.on("disconnect", () => process.exit(0));
}

export function tellParent(message: unknown): void {
  process.send?.(message);
}

export function onOrder(handle: (order: unknown) => Promise<unknown>): void {
  process.on("message", (order: unknown) => {
    // A failed order ends the process with the error on stderr, which the parent sees as "ended before it answered".
    void handle(order).then(tellParent);
  });
}

/** A client's connection that stays open: what comes is collected and can be waited for. */
import net from "node:net";
import { play, type Step, send } from "./steps.ts";

const HOST = "127.0.0.1";

/** A wait ends after this long, met or not. */
const DEADLINE_MS = 10_000;

export type ConnectionEnd = "open" | "fin" | "broken";

export class RawConnection {
  readonly #socket: net.Socket;
  readonly #keep: boolean;
  #received: Buffer = Buffer.alloc(0);
  #receivedBytes = 0;
  #ended: ConnectionEnd = "open";
  readonly #wake = new Set<() => void>();

  private constructor(socket: net.Socket, keep: boolean) {
    this.#socket = socket;
    this.#keep = keep;
    socket.setNoDelay(true);
    socket.on("error", () => {
      this.#ended = "broken";
    });
    socket.on("data", (bytes: Buffer) => {
      this.#receivedBytes += bytes.length;
      if (this.#keep) this.#received = Buffer.concat([this.#received, bytes]);
      this.#wakeAll();
    });
    socket.once("end", () => {
      this.#ended = "fin";
      this.#wakeAll();
    });
    socket.once("close", () => {
      if (this.#ended === "open") this.#ended = "broken";
      this.#wakeAll();
    });
  }

  /** With `keep: false` bytes are only counted. */
  static open(port: number, { keep = true }: { readonly keep?: boolean } = {}): Promise<RawConnection> {
    const socket = net.connect({ port, host: HOST, allowHalfOpen: true });
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawConnection(socket, keep));
      });
    });
  }

  get received(): Buffer {
    return this.#received;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** How the other side ended the connection, if it did. */
  get ended(): ConnectionEnd {
    return this.#ended;
  }

  play(steps: Iterable<Step>): Promise<void> {
    return play(this.#socket, steps);
  }

  send(content: string | Buffer): Promise<void> {
    return this.play([send(content)]);
  }

  /** Reads no more; the other side will find that its bytes go nowhere. */
  pause(): void {
    this.#socket.pause();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** True when `done` holds within the deadline; asked again whenever something arrives or ends. */
  async waitUntil(done: (connection: RawConnection) => boolean, deadlineMs = DEADLINE_MS): Promise<boolean> {
    const endMs = performance.now() + deadlineMs;
    while (!done(this)) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) return false;
      await this.#nextEvent(leftMs);
    }
    return true;
  }

  waitFor(text: string, deadlineMs?: number): Promise<boolean> {
    return this.waitUntil(({ received }) => received.includes(Buffer.from(text, "latin1")), deadlineMs);
  }

  #nextEvent(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wake.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, withinMs);
      this.#wake.add(wake);
    });
  }

  #wakeAll(): void {
    for (const wake of [...this.#wake]) wake();
  }
}

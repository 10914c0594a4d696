/** SHA-256 of what is too long to be held at once, by the platform's own arithmetic: a backup is all digest otherwise. */
export class RunningDigest {
  readonly #stream = new crypto.DigestStream("SHA-256");
  readonly #writer = this.#stream.getWriter();

  /** Goes on from what came before, in the order of the calls. */
  async update(pieces: readonly Uint8Array[]): Promise<void> {
    await Promise.all(pieces.map((piece) => this.#writer.write(piece)));
  }

  /** Of everything so far. Nothing may follow. */
  async hex(): Promise<string> {
    await this.#writer.close();
    const digest = new Uint8Array(await this.#stream.digest);
    return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

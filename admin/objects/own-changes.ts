/**
 * What the control plane does without being asked: ends what has run out, when what comes back is safe, and takes back a
 * revision that did harm where it was tried. Each is an ordinary revision with its leaf. The safety rules are asked
 * before, drain by drain; none refuses the rest, because what is over is over.
 */
import { invariant } from "../../config/invariant.ts";
import { type Overlay, overlayKey } from "../../config/overlays.ts";
import { expired } from "../core/changes/expiry.ts";
import type { DrainTarget, OwnMutation } from "../core/changes/mutation.ts";
import type { FleetState } from "../core/changes/state.ts";
import { type Considered, consider, type World } from "../core/commit/consider.ts";
import { heldIncident, type NewIncident, withdrawalIncident } from "../core/commit/incidents.ts";
import { comebackHolds } from "../core/safety/comeback.ts";
import type { CommitWriter } from "./commit-writer.ts";
import type { Reckoning } from "./reckoning.ts";
import type { Target } from "./target.ts";

export type OwnChangesDeps = {
  readonly development: boolean;
  readonly target: Target;
  readonly writer: CommitWriter;
  readonly reckoning: Reckoning;
  readonly past: (revision: number) => FleetState | undefined;
};

const SELF = { name: "fairlead", kind: "system", roles: [] } as const;

export class OwnChanges {
  readonly #deps: OwnChangesDeps;

  constructor(deps: OwnChangesDeps) {
    this.#deps = deps;
  }

  /** Whether there was anything to end or to hold. */
  expire(world: World): boolean {
    const over = expired(this.#deps.target.state.overlays, world.nowMs);
    if (over.length === 0) return false;
    const held = Object.fromEntries(
      over.flatMap((overlay) => {
        const because = this.#whyHeld(overlay, world);
        return because === undefined ? [] : [[overlayKey(overlay), because] as const];
      }),
    );
    const fresh = over.filter((overlay) => !("held" in overlay)).map(overlayKey);
    const incidents = Object.entries(held)
      .filter(([key]) => fresh.includes(key))
      .map(([key, because]) => heldIncident(key, because, world.nowMs));
    return this.#commit({ kind: "expire", held }, world, incidents);
  }

  /** Back to `revision`, which everybody else is still served. */
  withdraw(revision: number, because: string, world: World): boolean {
    const incident = withdrawalIncident(this.#deps.target.state.revision, because, world.nowMs);
    return this.#commit({ kind: "withdraw", revision, because }, world, [incident]);
  }

  /** As if this one alone ended: what holds it is then said of it and of nothing else. */
  #whyHeld(overlay: Overlay, world: World): string | undefined {
    if (overlay.kind !== "regionDrain" && overlay.kind !== "clusterDrain") return undefined;
    const others = expired(this.#deps.target.state.overlays, world.nowMs).filter((other) => other !== overlay);
    const held = Object.fromEntries(others.map((other) => [overlayKey(other), "looked at by itself"]));
    const { safety } = this.#consider({ kind: "expire", held }, world);
    const target: DrainTarget =
      overlay.kind === "regionDrain"
        ? { kind: "region", name: overlay.region }
        : { kind: "cluster", name: overlay.cluster };
    return comebackHolds(safety, target);
  }

  #commit(mutation: OwnMutation, world: World, incidents: readonly NewIncident[]): boolean {
    const considered = this.#consider(mutation, world);
    if (considered.next === undefined) return false;
    this.#deps.writer.write(considered, {
      mutation,
      author: SELF.name,
      entry: { request: "alarm", actor: SELF, action: `fairlead.${mutation.kind}`, resource: resourceOf(mutation) },
      nowMs: world.nowMs,
      incidents,
    });
    return true;
  }

  #consider(mutation: OwnMutation, world: World): Considered {
    const { target, development, past, reckoning } = this.#deps;
    const considered = consider({
      target: target.stored,
      mutation,
      context: { author: SELF.name, manager: SELF.name, nowMs: world.nowMs, development, past },
      world,
      compiler: reckoning,
    });
    invariant(considered.ok, "what the control plane asks of itself is possible");
    return considered.value;
  }
}

function resourceOf(mutation: OwnMutation): string {
  return mutation.kind === "expire" ? "overlays" : `revision/${mutation.revision}`;
}

/**
 * The audit log of the control plane on its own: `POST /append/<n>` appends n leaves, each in its own transaction as a
 * commit does it, with a checkpoint after as many as are signed together; `POST /sign` signs the rest; `GET /export/<index>` is a page of the export. The caller
 * times the answers: no clock advances in here while code runs.
 */
import { DurableObject } from "cloudflare:workers";
import { AUDIT_CHECKPOINT_LEAVES } from "../../../admin/core/audit/checkpoint.ts";
import { BUILT_IN_RULES } from "../../../admin/core/safety/rule-ids.ts";
import { AuditLog, type NamedEntry } from "../../../admin/objects/audit-log.ts";
import { FLEET_MIGRATIONS, migrate } from "../../../admin/store/migrations.ts";

type Env = {
  readonly LOG: DurableObjectNamespace<AuditObject>;
  readonly ENVIRONMENT: string;
  readonly SNAPSHOT_SIGNING_KEY: string;
  readonly SNAPSHOT_KEY_ID: string;
};

const PAGE_LEAVES = 1_000;

export class AuditObject extends DurableObject<Env> {
  readonly #audit: AuditLog;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    migrate(ctx.storage, FLEET_MIGRATIONS);
    this.#audit = new AuditLog({ storage: ctx.storage, env });
  }

  async append(leaves: number): Promise<void> {
    const size = this.#audit.size();
    for (let index = size; index < size + leaves; index += 1) {
      this.ctx.storage.transactionSync(() => this.#audit.append(entryOf(index)));
      if ((index + 1) % AUDIT_CHECKPOINT_LEAVES === 0) await this.sign();
    }
  }

  async sign(): Promise<void> {
    await this.#audit.checkpoint(Date.now());
  }

  async page(from: number): Promise<{ readonly lines: readonly string[]; readonly next?: number }> {
    return this.#audit.exportLines(from, PAGE_LEAVES);
  }
}

/** What a shift of weights leaves behind, with a verdict of every rule that is not of a Policy. */
function entryOf(index: number): NamedEntry {
  const digest = index.toString(16).padStart(64, "0");
  return {
    request: `request-${digest.slice(-16)}`,
    actor: { name: "bench", kind: "machine", roles: ["admin"] },
    atMs: Date.now(),
    action: "weights.shift",
    resource: `service-${index % 1_000}-host/europe`,
    reason: "bench",
    outcome: "committed",
    before: { revision: index, digest },
    after: { revision: index + 1, digest },
    decisions: BUILT_IN_RULES.map((rule) => ({ rule, outcome: "pass" })),
  };
}

export default {
  async fetch(request, env) {
    const [, verb, argument = ""] = new URL(request.url).pathname.split("/");
    const log = env.LOG.getByName("bench");
    if (verb === "export") return Response.json(await log.page(Number(argument)));
    await (verb === "sign" ? log.sign() : log.append(Number(argument)));
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Env>;

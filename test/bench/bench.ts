/**
 * `npm run bench`: what the edge and the control plane cost. Reads its options, runs the parts, prints; what each part
 * measures and how is in its own module and in README.md. Ends with 1 when a Worker gave an answer that was not the origin's.
 */
import { cpus, loadavg } from "node:os";
import { type Cleanup, createCleanup } from "./cleanup.ts";
import { CONTROL_FULL, CONTROL_QUICK, measureControl } from "./control/control.ts";
import { measureDecide } from "./decide.ts";
import { measureFlags } from "./flags.ts";
import { measureHttp } from "./http.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { type Found, type Machine, toJson, toText } from "./report.ts";
import { measureSnapshot } from "./snapshot.ts";
import { workerdPackage } from "./workerd.ts";

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    loadAverage: loadavg()[0] ?? 0,
    node: process.versions.node,
    workerd: workerdPackage().version,
  };
}

async function measure(options: Options, cleanup: Cleanup): Promise<Found> {
  const machine = describeMachine();
  const runs = (part: Options["parts"][number]) => options.parts.includes(part);
  const snapshot = runs("snapshot") ? await announced("snapshot", () => measureSnapshot(cleanup)) : undefined;
  const decide = runs("decide") ? await announced("decide", () => measureDecide("services")) : undefined;
  const decideOneService = runs("decide")
    ? await announced("decide, one service", () => measureDecide("oneService"))
    : undefined;
  const decideTroubled = runs("decide")
    ? await announced("decide, troubled", () => measureDecide("services", "troubled"))
    : undefined;
  const flags = runs("decide") ? await announced("decide, with flags", () => measureFlags()) : undefined;
  const http = runs("http") ? await announced("http", () => measureHttp(options, { cleanup, log })) : undefined;
  const control = runs("control")
    ? await announced("control", () => measureControl(options.quick ? CONTROL_QUICK : CONTROL_FULL, { cleanup, log }))
    : undefined;
  return {
    machine,
    ...(http === undefined ? {} : { http }),
    ...(decide === undefined ? {} : { decide }),
    ...(decideOneService === undefined ? {} : { decideOneService }),
    ...(decideTroubled === undefined ? {} : { decideTroubled }),
    ...(flags === undefined ? {} : { flags }),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(control === undefined ? {} : { control }),
  };
}

async function announced<T>(part: string, run: () => T | Promise<T>): Promise<T> {
  log(`${part}: measuring`);
  return run();
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (!options.ok) {
    log(`bench: ${options.error}\n\n${USAGE}`);
    return 2;
  }
  if (options.value.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const cleanup = createCleanup();
  let interrupted = false;
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(signal, () => {
      interrupted = true;
      void cleanup.run().finally(() => process.exit(code));
    });
  }
  try {
    const found = await measure(options.value, cleanup);
    if (options.value.json) {
      log(toText(found));
      process.stdout.write(`${toJson(found)}\n`);
    } else {
      process.stdout.write(toText(found));
    }
    const bad = Object.values(found.http?.variants ?? {}).reduce((sum, variant) => sum + variant.bad, 0);
    if (bad > 0) log(`bench: ${bad} answers were not the origin's 200; the figures do not count`);
    return bad > 0 ? 1 : 0;
  } catch (cause) {
    // What is measured fails when its processes are ended; the signal's own exit code says what happened.
    if (interrupted) await new Promise<never>(() => undefined);
    log(`bench: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`);
    return 1;
  } finally {
    await cleanup.run();
  }
}

process.exitCode = await main();

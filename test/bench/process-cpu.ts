/**
 * CPU time of a process as the Linux kernel accounts for it: what its threads have spent on a processor, user and system, in
 * nanoseconds, from `/proc/<pid>/task/<tid>/schedstat` (kernel documentation, "Scheduler Statistics"). `/proc/<pid>/stat`
 * knows ticks of 10 ms only, and rounds are short. A thread that has ended is not counted any more; workerd keeps its own.
 */
import { readdirSync, readFileSync } from "node:fs";
import { invariant } from "../../config/invariant.ts";

/** Time on a processor in ns, time waiting for one in ns, and how often. */
export function parseSchedstat(schedstat: string): number {
  const ran = /^([0-9]+) [0-9]+ [0-9]+$/m.exec(schedstat)?.[1];
  invariant(ran !== undefined, "schedstat holds three whole numbers, the time on a processor first");
  return Number(ran);
}

/** Nanoseconds so far. */
export function cpuNsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + threadCpuNs(pid, thread), 0);
}

function threadCpuNs(pid: number, thread: string): number {
  try {
    return parseSchedstat(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ESRCH")) return 0; // ended meanwhile
    throw cause;
  }
}

/**
 * CPU time of a process as the Linux kernel accounts for it: user plus system time of all its threads, from
 * `/proc/<pid>/stat` (proc(5)). The resolution is one clock tick, 10 ms on common kernels, so measure seconds.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { invariant } from "../../config/invariant.ts";

/** Fields 14 and 15 of proc(5); the second field is a name in parentheses that may itself hold spaces and parentheses. */
export function parseCpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const userTicks = Number(fields[11]);
  const systemTicks = Number(fields[12]);
  invariant(Number.isInteger(userTicks) && Number.isInteger(systemTicks), "stat holds utime and stime in clock ticks");
  return userTicks + systemTicks;
}

/** `getconf` is part of every glibc system; the kernel offers no file that says it. */
export function clockTicksPerSecond(): number {
  const ticks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }).trim());
  invariant(Number.isInteger(ticks) && ticks > 0, "CLK_TCK is a positive whole number");
  return ticks;
}

export function cpuTicksOf(pid: number): number {
  return parseCpuTicks(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

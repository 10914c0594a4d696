import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig, defineProject } from "vitest/config";
import { SummaryReporter } from "./test/summary-reporter.ts";

/**
 * Side by side on two cores where it does not matter what else runs. Then what waits for a whole system, which leaves the
 * cores idle most of the time, two at a time as well. What measures by the clock, or breaks connections on purpose,
 * comes last, one file at a time. A law of a hundred runs takes a second on a quiet machine, and may take twenty on a
 * busy one: the limits are there for what hangs.
 */
const SIDE_BY_SIDE = { maxWorkers: 2, sequence: { groupOrder: 0 }, testTimeout: 30_000 };
const WAITING = { maxWorkers: 2, sequence: { groupOrder: 1 } };
const ALONE = { maxWorkers: 1, sequence: { groupOrder: 2 } };

/** Pure code runs in plain Node; what touches the platform runs in workerd; e2e starts the whole of `npm start`. */
export default defineConfig({
  test: {
    reporters: ["default", new SummaryReporter()],
    projects: [
      defineProject({
        test: { name: "core", include: ["test/{core,golden,contract}/**/*.test.ts"], ...SIDE_BY_SIDE },
      }),
      defineProject({
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              // The beacons are the admin Worker's; here a stand-in of that name answers what a test tells it.
              workers: [
                {
                  name: "fairlead-admin",
                  modules: true,
                  scriptPath: "./test/workerd/edge/beacon-double.js",
                  compatibilityDate: "2026-10-20",
                  durableObjects: {
                    BEACON: { className: "BeaconObject", useSQLite: true },
                    TELEMETRY: { className: "TelemetryObject", useSQLite: true },
                  },
                },
              ],
            },
          }),
        ],
        test: {
          name: "edge",
          include: ["test/workerd/edge/**/*.test.ts"],
          globalSetup: ["./test/workerd/edge/global-setup.ts"],
          ...SIDE_BY_SIDE,
        },
      }),
      defineProject({
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: "./admin/wrangler.toml" },
            miniflare: { bindings: inject("adminBindings") },
          })),
        ],
        test: {
          name: "admin",
          include: ["test/workerd/admin/**/*.test.ts"],
          globalSetup: ["./test/workerd/admin/global-setup.ts"],
          ...SIDE_BY_SIDE,
        },
      }),
      defineProject({
        test: { name: "wire", include: ["test/wire/**/*.test.ts"], testTimeout: 60_000, ...ALONE },
      }),
      defineProject({
        test: { name: "chaos", include: ["test/chaos/**/*.test.ts"], testTimeout: 180_000, ...ALONE },
      }),
      defineProject({
        test: { name: "foreign", include: ["test/foreign/**/*.test.ts"], testTimeout: 120_000, ...WAITING },
      }),
      defineProject({
        test: { name: "clients", include: ["test/clients/**/*.test.ts"], testTimeout: 60_000, ...WAITING },
      }),
      defineProject({
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          ...WAITING,
        },
      }),
    ],
  },
});

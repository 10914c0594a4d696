/** Watermarks between which a region sheds: the edge sheds in proportion to how far utilization is from one to the other. */
import type { Finding } from "../findings.ts";
import { findingAt } from "../placed.ts";
import type { CheckInput } from "./check.ts";

export function checkWatermarks({ services }: CheckInput): readonly Finding[] {
  return services.flatMap((service) => {
    const shed = service.document.spec.load?.shed;
    if (shed === undefined || shed.low < shed.high) return [];
    const message = `shedding begins at "low" and is complete at "high", so ${shed.low} must be below ${shed.high}`;
    return [findingAt(service, { code: "load.order", path: ["spec", "load", "shed", "low"], message })];
  });
}

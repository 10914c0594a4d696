/** Kind Region: where it is, which jurisdictions it satisfies, and what it can carry. */
import * as z from "zod/mini";
import { Jurisdiction, RegionName } from "../ids.ts";
import { AdminState } from "../shared-shapes.ts";
import { Vantage } from "../vantage.ts";
import { Capacity, envelope } from "./envelope.ts";

export const RegionSpec = z.strictObject({
  location: z.strictObject({
    latitude: z.number().check(z.minimum(-90), z.maximum(90)),
    longitude: z.number().check(z.minimum(-180), z.maximum(180)),
  }),
  /** What this region satisfies; a service's residency names what a client requires. */
  jurisdictions: z.array(Jurisdiction).check(z.maxLength(20)),
  vantage: Vantage,
  capacity: Capacity,
  adminState: z.exactOptional(AdminState),
});
export const RegionDocument = envelope("Region", RegionName, RegionSpec);
export type RegionDocument = z.infer<typeof RegionDocument>;

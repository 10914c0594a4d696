/** Location hints of Durable Objects: where a region is probed from, and which beacon serves it. */
import * as z from "zod/mini";

export const VANTAGES = [
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "apac-ne",
  "apac-se",
  "oc",
  "afr",
  "me",
] as const;
export const Vantage = z.enum(VANTAGES);
export type Vantage = z.infer<typeof Vantage>;

/** With every probe: clusters' logs tell from where they are asked, and tests break one for one vantage only. */
export const VANTAGE_HEADER = "fairlead-vantage";

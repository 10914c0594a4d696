/**
 * Where a client is, said the same way in residency rules and in steering rules. The places of one selector are a
 * union: a client matches when any of them does. A client whose place is not known matches `unknown` and `any` only.
 */
import * as z from "zod/mini";
import { CONTINENTS } from "./countries.ts";
import { SELECTOR_CODES_MAX } from "./limits.ts";

export const CountryCode = z.string().check(z.regex(/^[A-Z]{2}$/, "must be an ISO 3166-1 alpha-2 code, as in DE"));
/** ISO 3166-2, as in `US-CA`; `request.cf` gives the part behind the hyphen as `regionCode`. */
export const SubdivisionCode = z
  .string()
  .check(z.regex(/^[A-Z]{2}-[A-Z0-9]{1,3}$/, "must be an ISO 3166-2 code, as in US-CA"));

const codes = <T extends z.ZodMiniType>(code: T) =>
  z
    .array(code)
    .check(z.minLength(1, "must not be empty: leave the field out instead"), z.maxLength(SELECTOR_CODES_MAX));

/** The fields of a selector, shared by everything that selects clients by place. */
export const placeFields = {
  countries: z.exactOptional(codes(CountryCode)),
  subdivisions: z.exactOptional(codes(SubdivisionCode)),
  continents: z.exactOptional(codes(z.enum(CONTINENTS))),
  /** Member states of the European Union. */
  eu: z.exactOptional(z.literal(true)),
  /** Clients whose country is not known, Tor (`T1`) among them. */
  unknown: z.exactOptional(z.literal(true)),
  /** Every client, also one whose place is not known. */
  any: z.exactOptional(z.literal(true)),
};

export const PlaceSelector = z.strictObject(placeFields);
export type PlaceSelector = z.infer<typeof PlaceSelector>;

/** The keys that name a place; a selector with none of them says nothing about place. */
export const PLACE_KEYS = ["countries", "subdivisions", "continents", "eu", "unknown", "any"] as const;

/**
 * What clusters are handed of flags: one Dictionary of structured fields (RFC 9651), a member for each flag that has a
 * value for the client, by name, with the variant as parameter `v`:
 *
 *     Fairlead-Flags: new-checkout;v="on", page-size=50;v="large", theme="dark";v="dark"
 *
 * Booleans, numbers and texts are those of the standard; an object is its JSON as text. A flag that is missing has no
 * value: it is disabled, has no default or cannot be worked out, and the code's own default holds.
 */
import type { FlagValue } from "./flag.ts";

export const FLAGS_HEADER = "fairlead-flags";

/** What may be a key of a Dictionary (RFC 9651 §3.1.2), of all that may be a name. */
export function mayBeMember(name: string): boolean {
  return /^[a-z]/.test(name);
}

export function flagMember(name: string, variant: string, value: FlagValue): string {
  const item = value === true ? "" : `=${itemOf(value)}`;
  return `${name}${item};v="${variant}"`;
}

function itemOf(value: FlagValue): string {
  switch (typeof value) {
    case "boolean":
      return value ? "?1" : "?0";
    case "number":
      return numberItem(value);
    case "string":
      return textItem(value);
    default:
      return textItem(JSON.stringify(value));
  }
}

/** Integers of 15 digits and decimals with three places (RFC 9651 §3.3.1 and §3.3.2); any other number as text. */
function numberItem(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value === 0 ? 0 : value);
  const decimal = value.toFixed(3).replace(/0{1,2}$/, "");
  return Math.abs(value) < 1e12 && Number(decimal) === value ? decimal : `"${value}"`;
}

/** A String, or a Display String for what is not ASCII (RFC 9651 §3.3.3 and §3.3.8). */
function textItem(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return `"${text.replace(/["\\]/g, "\\$&")}"`;
  const escaped = text.replace(/[^\x20-\x21\x23-\x24\x26-\x7e]/gu, (character) =>
    // Of ASCII, what is left here are controls, the quote and the percent sign.
    character < "\x80" ? `%${character.charCodeAt(0).toString(16).padStart(2, "0")}` : percentEncoded(character),
  );
  return `%"${escaped}"`;
}

function percentEncoded(character: string): string {
  return encodeURIComponent(character).toLowerCase();
}

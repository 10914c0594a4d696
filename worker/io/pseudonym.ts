/**
 * Tells the clients of samples apart without saying who they are. The hash of an address alone would not do: there are
 * four thousand million of them, and trying all takes minutes. So a secret goes in that is drawn for this isolate, is
 * never told and dies with it.
 */
import { sha256Hex } from "./digest.ts";

/** `secret` has 128 random bits or more. The result has 8 hex digits. */
export function createPseudonym(secret: string): (clientHash: number) => Promise<string> {
  return async (clientHash) => (await sha256Hex(`${secret} ${clientHash}`)).slice(0, 8);
}

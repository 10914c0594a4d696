/**
 * The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header-07): a quoted string by the draft, and bare as
 * most clients send it. Undefined when it is absent.
 */
import { refused } from "./problem.ts";

const KEY_PATTERN = /^"?([\x21\x23-\x5b\x5d-\x7e]{1,255})"?$/;

export function idempotencyKeyOf(field: string | undefined): string | undefined {
  if (field === undefined) return undefined;
  const key = KEY_PATTERN.exec(field.trim())?.[1];
  if (key !== undefined) return key;
  const detail = "`Idempotency-Key` must be 1 to 255 visible ASCII characters without quotes and backslashes inside.";
  throw refused("parameterInvalid", detail, [{ pointer: "/idempotency-key", detail, code: "header.idempotencyKey" }]);
}

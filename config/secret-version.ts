/**
 * The id of a version of a secret (`v2`, `7`, a UUID), as documents, reports and requests name it. Never its value: what
 * looks like one is refused before anybody keeps or shows it. Scanners of repositories go by the same signs: known
 * prefixes, and text that is too random for a name.
 */
import * as z from "zod/mini";

/** The longest that a store of secrets has is a resource name of Google's with a number at its end. */
const LENGTH_MAX = 64;

/** Neither `=`, `+` and the like, which base64 and passwords have, nor `@`, with which passwords stand in URLs. */
const ALPHABET = /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/;

/** Ids that are random by design: a UUID (AWS Secrets Manager) and 32 hex digits (Azure Key Vault). */
const RANDOM_ID = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})$/i;

/** How tokens of well-known issuers begin: AWS, GitHub, GitLab, Google, npm, SendGrid, Slack, Stripe, Vault, and any JWT. */
const TOKEN_PREFIX =
  /^(AKIA|ASIA|gh[oprsu]_|github_pat_|glpat-|AIza|ya29\.|npm_|SG\.|xox[abeprs]-|[rs]k_(live|test)_|sk-|hvs\.|eyJ)/;

/** Shorter runs are guessed in no time, and longer words are rare in names. */
const RUN_LENGTH_MIN = 16;
/** Shannon entropy a character. English words stay below 3.5; random letters and digits are near 4 from 20 on. */
const RUN_BITS_MIN = 3.5;

/** The same for texts with separators: names of many words stay below, 32 random bytes in base64url are near 4.9. */
const WHOLE_LENGTH_MIN = 32;
const WHOLE_BITS_MIN = 4.4;

const TOO_LONG = `must have at most ${LENGTH_MAX} characters: it is the id of a version, never the value`;
const NO_ID = "must be the id of a version, of letters, digits, dots, slashes, colons, _ and -, never the value";
const A_VALUE = "looks like the value of a secret: give the id of its version, such as v2, 7 or a UUID";

/** Sentences after which a message must not show what was written. */
export const SECRET_SENTENCES: ReadonlySet<string> = new Set([TOO_LONG, NO_ID, A_VALUE]);

export const SecretVersion = z.string().check(
  z.minLength(1),
  z.maxLength(LENGTH_MAX, TOO_LONG),
  z.regex(ALPHABET, NO_ID),
  z.refine((text: string) => !looksLikeValue(text), { error: A_VALUE }),
);

export function looksLikeValue(text: string): boolean {
  if (text.length < RUN_LENGTH_MIN || RANDOM_ID.test(text)) return false;
  if (TOKEN_PREFIX.test(text) || text.split(/[^A-Za-z0-9]+/).some(isRandom)) return true;
  // Base64url has hyphens of its own, which may cut it into short runs.
  return text.length >= WHOLE_LENGTH_MIN && kindsIn(text) === 3 && entropyBits(text) >= WHOLE_BITS_MIN;
}

/** A long run of two kinds of characters that hardly repeat. */
function isRandom(run: string): boolean {
  return run.length >= RUN_LENGTH_MIN && kindsIn(run) >= 2 && entropyBits(run) >= RUN_BITS_MIN;
}

/** Of small letters, capitals and digits. */
function kindsIn(text: string): number {
  return [/[a-z]/, /[A-Z]/, /[0-9]/].filter((kind) => kind.test(text)).length;
}

function entropyBits(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - (count / text.length) * Math.log2(count / text.length), 0);
}

/** Of a list of secrets: two entries of one name could say different things. */
export function haveOwnNames(secrets: readonly { readonly name: string }[]): boolean {
  return new Set(secrets.map(({ name }) => name)).size === secrets.length;
}

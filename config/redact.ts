/**
 * Takes secrets out of whatever is about to be logged: by the name of the field it stands under, and by its shape wherever
 * it stands, in texts, keys and addresses too. The result is plain JSON of bounded size. It never throws, whatever it is
 * given; what it has done once it does not change again. What ought to be logged at all is for the caller.
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export const REDACTED = "[redacted]";
const CUT = "[cut]";

/** What a person still reads of one text, and how much of it is looked at before that. */
const TEXT_LENGTH_MAX = 4_096;
const TEXT_READ_MAX = 32_768;
/** All texts and keys of one value together. */
const TOTAL_LENGTH_MAX = 16_384;
const ITEMS_MAX = 100;
const DEPTH_MAX = 8;

/** In the name of a field, written in any way: `X-Api-Key`, `api_key` and `apiKey` are the same. */
const SECRET_WORDS = [
  ...["authorization", "authentication", "cookie", "token", "secret", "passw", "passphrase", "passcode", "pwd"],
  ...["apikey", "privatekey", "signingkey", "secretkey", "accesskey", "encryptionkey", "affinitykeys", "hmackey"],
  ...["credential", "signature", "jwt", "bearer", "sessionid", "sessionkey", "otlpheaders"],
];
const SECRET_NAME = new RegExp(SECRET_WORDS.join("|"));

/** Names of things about a secret and not the secret itself: `tokenId` says which one, `tokenDigest` is its hash. */
const ABOUT_A_SECRET = /(?:id|ids|count|kind|digest|ms|bytes|length)$/;
const SESSION = /session/;

export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  return SECRET_NAME.test(plain) && (!ABOUT_A_SECRET.test(plain) || SESSION.test(plain));
}

type Shape = { readonly pattern: RegExp; readonly replacement: string };

/** What a value inside a text may be made of. A bracket is among it, so that what has been taken out is taken out once. */
const VALUE = "[^\\s\"'`<>,;&)}]+";
/** Names inside a text, with what stands between them and their values. */
const NAME =
  "(?:token|secret|passw(?:or)?d|passphrase|pwd|(?:api|private|signing|access)[_-]?key|credentials?|signature)";
const IS = "[\"'`]?\\s{0,4}[:=]\\s{0,4}[\"'`]?";
/** Where a text was cut there is no value. */
const NOT_CUT = "(?!\\s*\\[cut\\]$)";

const SHAPES: readonly Shape[] = [
  // PEM, to its end or, when it was cut, to the end of the text.
  { pattern: /-----BEGIN [A-Z0-9 ]{1,40}-----[\s\S]*?(?:-----END [A-Z0-9 ]{1,40}-----|$)/g, replacement: REDACTED },
  // A header, to the end of its line: cookies go on after a semicolon.
  {
    pattern: new RegExp(
      `(?<![A-Za-z0-9])((?:set-)?cookie|(?:proxy-)?authorization)(${IS})${NOT_CUT}[^\\r\\n"'{}]+`,
      "gi",
    ),
    replacement: `$1$2${REDACTED}`,
  },
  // The prose about bearer tokens and basic things stays.
  {
    pattern: /(?<![A-Za-z0-9])((?:[Bb]earer|BEARER|[Bb]asic|BASIC)\s{1,4})(?=\S*[A-Z0-9]|\S{16})[^\s"'`<>,;)}]+/g,
    replacement: `$1${REDACTED}`,
  },
  // scheme://user:password@host
  { pattern: /([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>]*@/gi, replacement: `$1${REDACTED}@` },
  // ?name=value&name=value, and what some put behind the #
  { pattern: /([?&#][^\s?&#="'<>]{1,200}=)[^\s&#"'<>]+/g, replacement: `$1${REDACTED}` },
  // name=value and "name": "value"
  { pattern: new RegExp(`(${NAME}${IS})${NOT_CUT}${VALUE}`, "gi"), replacement: `$1${REDACTED}` },
  // JSON Web Tokens, signed, encrypted or neither.
  { pattern: /(?<![A-Za-z0-9])ey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){1,3}/g, replacement: REDACTED },
  // What vendors begin theirs with, and our own debug tokens.
  { pattern: new RegExp(`(?<![A-Za-z0-9])(?:${vendorShapes().join("|")})`, "g"), replacement: REDACTED },
];

function vendorShapes(): readonly string[] {
  return [
    "whsec_[A-Za-z0-9+/=_-]{8,}",
    "(?:AKIA|ASIA)[A-Z0-9]{12,}",
    "gh[a-z]_[A-Za-z0-9]{16,}",
    "github_pat_\\w{16,}",
    "gl(?:pat|dt|rt|sa|c)[-_][\\w+/=-]{16,}",
    "xox[a-z]-[A-Za-z0-9-]{10,}",
    "[prs]k_(?:live|test)_[A-Za-z0-9]{10,}",
    "sk-[\\w-]{16,}",
    "AIza[\\w-]{30,}",
    "npm_[A-Za-z0-9]{30,}",
    "fd1\\.[\\w-]+\\.[\\w-]+\\.[\\w-]+",
  ];
}

/** Base64 of 24 bytes and more. Hex is not looked for: digests and trace ids are what logs are searched by. */
const RANDOM_LOOKING = /[A-Za-z0-9+/_-]{32,}={0,2}/g;

/** Bits a character: text in any language has fewer, and so have names in camel case. */
const ENTROPY_MIN = 4;

function withoutRandomText(text: string): string {
  return text.replace(RANDOM_LOOKING, (run) => (isRandom(run) ? REDACTED : run));
}

function isRandom(run: string): boolean {
  const digits = run.match(/[0-9]/g)?.length ?? 0;
  if (digits < 2 || !/[a-z]/.test(run) || !/[A-Z]/.test(run)) return false;
  const counts = new Map<string, number>();
  for (const character of run) counts.set(character, (counts.get(character) ?? 0) + 1);
  const shares = [...counts.values()].map((count) => count / run.length);
  return -shares.reduce((sum, share) => sum + share * Math.log2(share), 0) >= ENTROPY_MIN;
}

/** A text without what looks like a secret, cut to what a person still reads. */
export function redactText(text: string): string {
  // A secret that is cut in half has lost its shape: what is cut off is cut before the word that is cut.
  let before = cutAt(text, TEXT_READ_MAX);
  // What was taken out may make a value of what is left around it. Each round leaves less besides marks, so there is a last.
  for (;;) {
    const after = cutAt(withoutShapes(before), TEXT_LENGTH_MAX);
    if (after === before) return after;
    before = after;
  }
}

function withoutShapes(text: string): string {
  return withoutRandomText(
    SHAPES.reduce((found, { pattern, replacement }) => found.replace(pattern, replacement), text),
  );
}

function cutAt(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  let end = lengthMax - CUT.length;
  while (end > 0 && !/\s/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end) + CUT;
}

/** What is undefined comes out as null. */
export function redact(value: unknown): Json {
  return new Redaction().value(value, 0) ?? null;
}

/** One pass over one value: what may still be written, and what it is inside of. */
class Redaction {
  #left = TOTAL_LENGTH_MAX;
  /** From then on nothing is added but marks of where something is missing, which cost nothing. */
  #full: boolean = false;
  readonly #around = new Set<object>();

  /** Undefined for what JSON leaves out. */
  value(value: unknown, depth: number): Json | undefined {
    switch (typeof value) {
      case "undefined":
        return undefined;
      case "boolean":
        return this.#spend(0, value);
      case "number":
        return Number.isFinite(value) ? this.#spend(String(value).length, value) : this.#text(String(value));
      case "string":
        return this.#text(redactText(value));
      case "bigint":
        return this.#text(bigintText(value));
      case "object":
        return value === null ? this.#spend(0, value) : this.#object(value, depth);
      default:
        return this.#text(`[${typeof value}]`);
    }
  }

  #text(text: string): string {
    return text === CUT ? text : this.#spend(text.length, text);
  }

  /** Everything costs something, so that their number is bounded too. */
  #spend<T extends Json>(length: number, value: T): T | typeof CUT {
    this.#full ||= length + 1 > this.#left;
    if (this.#full) return CUT;
    this.#left -= length + 1;
    return value;
  }

  #object(value: object, depth: number): Json {
    if (this.#around.has(value)) return this.#text("[circular]");
    if (depth >= DEPTH_MAX) return this.#text("[deep]");
    if (this.#spend(0, true) === CUT) return CUT;
    this.#around.add(value);
    try {
      return this.#inside(value, depth + 1);
    } catch {
      // A revoked proxy, or something else that does not let itself be looked at.
      return this.#text("[unreadable]");
    } finally {
      this.#around.delete(value);
    }
  }

  #inside(value: object, depth: number): Json {
    if (value instanceof Error) return this.#fields(errorFields(value), depth);
    if (value instanceof Map) return this.#fields(mapFields(value), depth);
    if (Array.isArray(value)) return this.#items(value.length, (at) => value[at], depth);
    if (value instanceof Set) {
      const items = firstOf(value);
      return this.#items(items.length, (at) => items[at], depth);
    }
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return this.#text(`[${value.byteLength} bytes]`);
    const fields = ownFields(value);
    // Dates and addresses have no fields of their own; their text is what they are.
    return fields.length === 0 && hasOwnText(value)
      ? this.#text(redactText(String(value)))
      : this.#fields(fields, depth);
  }

  #items(count: number, item: (at: number) => unknown, depth: number): Json {
    const shown: Json[] = [];
    for (let at = 0; at < count; at += 1) {
      if (this.#isCutAt(at, count)) return [...shown, CUT];
      shown.push(this.value(attempt(() => item(at)) ?? null, depth) ?? null);
    }
    return shown;
  }

  #fields(fields: readonly Field[], depth: number): Json {
    const shown: [string, Json][] = [];
    for (const [at, { name, read }] of fields.entries()) {
      if (this.#isCutAt(at, fields.length)) return Object.fromEntries([...shown, [CUT, CUT]]);
      const key = redactText(name);
      const field = this.value([name, key].some(isSecretName) ? hidden(attempt(read)) : attempt(read), depth);
      if (field !== undefined) shown.push([this.#text(key), field]);
    }
    // Defines its own fields: `__proto__` is one like any other.
    return Object.fromEntries(shown);
  }

  /** With its mark a list that was cut is as long as one may be, and is not cut again. */
  #isCutAt(at: number, count: number): boolean {
    return this.#full || (at >= ITEMS_MAX - 1 && count > ITEMS_MAX);
  }
}

type Field = { readonly name: string; readonly read: () => unknown };

/** Whether there is something is no secret. */
function hidden(value: unknown): unknown {
  return value === undefined || value === null || typeof value === "boolean" ? value : REDACTED;
}

/** A getter may throw. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return "[unreadable]";
  }
}

function ownFields(value: object): readonly Field[] {
  const names = Object.keys(value).slice(0, ITEMS_MAX + 1);
  return names.map((name) => ({ name, read: () => Reflect.get(value, name) }));
}

/** One more than are shown says that there are more. */
function firstOf<T>(items: Iterable<T>): readonly T[] {
  const first: T[] = [];
  for (const item of items) if (first.push(item) > ITEMS_MAX) break;
  return first;
}

/** Of an error, too, what does not show up by itself. */
const ERROR_FIELDS = ["name", "message", "stack", "cause"];

function errorFields(error: Error): readonly Field[] {
  const hiddenFields = ERROR_FIELDS.map((name) => ({ name, read: () => Reflect.get(error, name) }));
  return [...hiddenFields, ...ownFields(error).filter(({ name }) => !ERROR_FIELDS.includes(name))];
}

function mapFields(map: ReadonlyMap<unknown, unknown>): readonly Field[] {
  return firstOf(map).map(([key, value]) => ({
    name: typeof key === "string" ? key : JSON.stringify(redact(key)),
    read: () => value,
  }));
}

function hasOwnText(value: object): boolean {
  const toText: unknown = Reflect.get(value, "toString");
  return typeof toText === "function" && toText !== Object.prototype.toString;
}

/** A number of a million digits takes long to write out, and says nothing. */
function bigintText(value: bigint): string {
  return value > -(2n ** 256n) && value < 2n ** 256n ? String(value) : "[bigint]";
}

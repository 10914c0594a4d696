/**
 * The endpoint of a cluster, taken apart without the help of a URL parser: those repair what they read (`http:host`,
 * `127.1`, `%6cocalhost`), and the edge must connect to exactly what a reviewer saw. Whether an endpoint is allowed is
 * said in `checks/endpoints.ts`; here it is only read, with every flaw by its name, and spelled in one way.
 */
import type { FindingCode } from "./findings.ts";
import { err, ok, type Result } from "./result.ts";

export type Endpoint = {
  readonly scheme: "http" | "https";
  /** Lower case; an IPv6 address keeps its brackets. */
  readonly host: string;
  /** Absent: the default port of the scheme. */
  readonly port?: number;
};

/** Something that keeps the text from being an endpoint. */
export type EndpointFlaw = {
  readonly code: Extract<FindingCode, `endpoint.${string}`>;
  /** Goes behind "the endpoint". Never repeats the text, which may hold a password. */
  readonly sentence: string;
  /** What a forgiving parser would take the host for, where the host is what has the flaw. */
  readonly hidden?: string;
};

const ENDPOINT_PATTERN = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#\\]*)(.*)$/s;
const REST_PATTERN = /^([^?#]*)(\?[^#]*)?(#.*)?$/s;
const HOST_AND_PORT_PATTERN = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s;
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const DNS_NAME_PATTERN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
/** A name is at most 253 characters long when written without its root dot (RFC 1035 §2.3.4). */
const DNS_NAME_LENGTH_MAX = 253;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Reads `scheme://host[:port]`, or says everything that the text has beside or instead of that. */
export function parseEndpoint(text: string): Result<Endpoint, readonly EndpointFlaw[]> {
  const match = ENDPOINT_PATTERN.exec(text);
  if (match === null)
    return err([flaw("endpoint.syntax", "must be a URL with scheme and host, as in https://web.example.com")]);
  const [, schemeText = "", authority = "", rest = ""] = match;
  const scheme = schemeText.toLowerCase();
  const [, hostText = "", portText] = HOST_AND_PORT_PATTERN.exec(afterUserinfo(authority)) ?? [];
  const host = hostText.toLowerCase();
  const port = portText === undefined ? undefined : Number(portText);
  const flaws = [
    ...schemeFlaws(scheme),
    ...(authority.includes("@") ? [USERINFO] : []),
    ...hostFlaws(host, afterUserinfo(authority)),
    ...portFlaws(portText),
    ...restFlaws(rest),
  ];
  if (flaws.length > 0 || (scheme !== "http" && scheme !== "https")) return err(flaws);
  return ok(port === undefined || port === DEFAULT_PORTS[scheme] ? { scheme, host } : { scheme, host, port });
}

/** The one spelling of an endpoint: lower case, without the default port, without a slash. */
export function formatEndpoint({ scheme, host, port }: Endpoint): string {
  return port === undefined ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}

/**
 * An address in any spelling a URL parser would understand: brackets, or a last label that is a number in decimal,
 * octal or hex (URL Standard, "ends in a number checker").
 */
export function isAddress(host: string): boolean {
  const lastLabel = host.slice(host.lastIndexOf(".") + 1);
  return host.startsWith("[") || /^([0-9]+|0x[0-9a-f]*)$/.test(lastLabel);
}

/** This machine, in its plain spellings only. */
export function isLoopback(host: string): boolean {
  const octets = /^127\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/.exec(host);
  if (octets !== null) return octets.slice(1).every((octet) => Number(octet) <= 255);
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]";
}

function flaw(code: EndpointFlaw["code"], sentence: string, hidden?: string): EndpointFlaw {
  return hidden === undefined ? { code, sentence } : { code, sentence, hidden };
}

const USERINFO = flaw(
  "endpoint.userinfo",
  "must not hold a user name or password: documents are no place for secrets, and what stands before @ is often taken for the host",
);

/** What is behind the last @, as every parser has it. */
function afterUserinfo(authority: string): string {
  return authority.slice(authority.lastIndexOf("@") + 1);
}

function schemeFlaws(scheme: string): readonly EndpointFlaw[] {
  if (scheme === "http" || scheme === "https") return [];
  return [flaw("endpoint.scheme", `cannot use the scheme ${scheme}: use https`)];
}

function hostFlaws(host: string, hostAndPort: string): readonly EndpointFlaw[] {
  if (host === "" && !hostAndPort.startsWith(":")) return [flaw("endpoint.host", "must name a host")];
  // More than one colon without brackets, and brackets that are not closed, are failed attempts at IPv6.
  if (!host.startsWith("[") && hostAndPort.replace(/[^:]/g, "").length > 1) return [unbracketed(hostAndPort)];
  if (host === "") return [flaw("endpoint.host", "must name a host")];
  if (/^\[[0-9a-f:.]*\]$/.test(host) || isDnsName(host)) return [];
  const hidden = asParsersRead(host);
  const [code, sentence] = HOST_FLAWS.find(({ of }) => of(host))?.is ?? OTHER_HOST_FLAW;
  return [flaw(code, sentence, hidden)];
}

function unbracketed(hostAndPort: string): EndpointFlaw {
  const plain = asParsersRead(hostAndPort.toLowerCase());
  const isIpv6 = /^\[?[0-9a-f:.]*(%.*)?$/.test(plain);
  return flaw("endpoint.syntax", "must have one host and at most one port", isIpv6 ? `[${plain}]` : plain);
}

type NamedFlaw = readonly [code: EndpointFlaw["code"], sentence: string];

/** The first that holds gives the name. */
const HOST_FLAWS: readonly { readonly of: (host: string) => boolean; readonly is: NamedFlaw }[] = [
  {
    of: (host) => host.startsWith("["),
    is: ["endpoint.host", "must have nothing but an IPv6 address between brackets, without a zone"],
  },
  {
    of: (host) => /[\s\p{Cc}]/u.test(host),
    is: ["endpoint.syntax", "must not hold spaces, line breaks or control characters: parsers drop some of them"],
  },
  {
    of: (host) => host.includes("%"),
    is: ["endpoint.encoding", "must not hold percent-encoded characters: write the host as it is"],
  },
  {
    of: (host) => /[^\p{ASCII}]/u.test(host),
    is: ["endpoint.unicode", "must have a host of ASCII characters: write an international name in its xn-- form"],
  },
  {
    of: (host) => host.endsWith(".") && isDnsName(host.slice(0, -1)),
    is: ["endpoint.trailingDot", "must not have a dot at the end of its host"],
  },
];

const OTHER_HOST_FLAW: NamedFlaw = [
  "endpoint.host",
  "must have a host of letters, digits, hyphens and dots, with labels of at most 63 characters",
];

function isDnsName(host: string): boolean {
  return host.length <= DNS_NAME_LENGTH_MAX && DNS_NAME_PATTERN.test(host);
}

/**
 * The host as the URL Standard reads it, near enough to see what hides in it: percent-decoded, in compatibility form
 * (full-width and circled digits become digits), with all kinds of dots as dots, and without what is ignored (tabs, soft
 * hyphens, zero-width characters) and dots at the end.
 */
function asParsersRead(host: string): string {
  return percentDecoded(host)
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s\p{Cc}\p{Default_Ignorable_Code_Point}]/gu, "")
    .replace(/[\u3002\uff0e\uff61]/g, ".")
    .replace(/\.+$/, "");
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not UTF-8 or a lone percent sign: only what stands for ASCII can spell an address.
    return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

function portFlaws(port: string | undefined): readonly EndpointFlaw[] {
  if (port === undefined || port.includes(":")) return [];
  if (/^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65_535) return [];
  return [flaw("endpoint.port", "must have a port from 1 to 65535, written in digits")];
}

function restFlaws(rest: string): readonly EndpointFlaw[] {
  const [, path = "", query, fragment] = REST_PATTERN.exec(rest) ?? [];
  return [
    ...pathFlaws(path),
    ...(query === undefined
      ? []
      : [flaw("endpoint.query", "must not have a query: that of each request is passed on")]),
    ...(fragment === undefined
      ? []
      : [flaw("endpoint.fragment", "must not have a fragment (#): no request carries one")]),
  ];
}

function pathFlaws(path: string): readonly EndpointFlaw[] {
  if (path === "" || path === "/") return [];
  if (path.startsWith("\\"))
    return [
      flaw("endpoint.syntax", "must not hold a backslash: some parsers read it as a slash, others as part of the host"),
    ];
  return [flaw("endpoint.path", "must not have a path: that of each request is appended")];
}

/**
 * Every answer that the edge makes itself: small, never stored, the same facts as problem JSON (RFC 9457), as a plain
 * page for who asks for one, and as Proxy-Status (RFC 9209). Says nothing about clusters, regions or the fleet.
 */
import { type EdgeProblemCode, edgeProblem, edgeProblemType } from "../config/errors.ts";
import { prefersHtml } from "./accept.ts";

export type ProblemOptions = {
  /** For the developer; only what the client itself sent may be named in it. */
  readonly detail?: string;
  /** Also in our log, for errors that are ours. */
  readonly requestId?: string;
  /** The status of a cluster's answer that is not handed on. */
  readonly receivedStatus?: number;
  readonly headers?: Readonly<Record<string, string>>;
};

export function problem(code: EdgeProblemCode, request: Request, options: ProblemOptions = {}): Response {
  const { status, title, proxyError, retryAfterSeconds } = edgeProblem(code);
  const html = prefersHtml(request.headers.get("accept"));
  const headers = new Headers(options.headers);
  headers.set("cache-control", "no-store");
  headers.set("content-type", html ? "text/html; charset=utf-8" : "application/problem+json");
  headers.set("proxy-status", proxyStatus(proxyError, options.receivedStatus));
  headers.set("vary", "accept");
  headers.set("x-content-type-options", "nosniff");
  if (html) headers.set("content-security-policy", "default-src 'none'");
  if (retryAfterSeconds !== undefined) headers.set("retry-after", String(retryAfterSeconds));

  const { detail, requestId } = options;
  const fields = { type: edgeProblemType(code), title, status, code, detail, requestId };
  const body = html ? page(fields) : JSON.stringify(fields);
  return new Response(request.method === "HEAD" ? null : body, { status, headers });
}

function proxyStatus(error: string, receivedStatus: number | undefined): string {
  const received = receivedStatus === undefined ? "" : `; received-status=${receivedStatus}`;
  return `fairlead; error=${error}${received}`;
}

type Fields = {
  readonly title: string;
  readonly status: number;
  readonly code: EdgeProblemCode;
  readonly detail: string | undefined;
  readonly requestId: string | undefined;
};

function page({ title, status, code, detail, requestId }: Fields): string {
  const lines = [detail, `Code: ${code}`, requestId === undefined ? undefined : `Request: ${requestId}`];
  const paragraphs = lines.filter((line) => line !== undefined).map((line) => `<p>${escapeHtml(line)}</p>`);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<title>${status} ${escapeHtml(title)}</title></head>`,
    `<body><h1>${escapeHtml(title)}</h1>${paragraphs.join("")}</body></html>\n`,
  ].join("");
}

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ESCAPES[character] ?? "");
}

/** Error answers: one table, three forms, nothing about the fleet. */
import { parseList } from "structured-headers";
import { describe, expect, test } from "vitest";
import { EDGE_PROBLEMS, type EdgeProblemCode } from "../../../config/errors.ts";
import { prefersHtml } from "../../../worker/accept.ts";
import { problem } from "../../../worker/problem.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

test.each([
  [null, false],
  ["", false],
  ["*/*", false],
  ["text/*", false],
  ["application/json", false],
  ["text/html", true],
  ["Text/HTML;Q=0.5", true],
  [BROWSER, true],
  ["application/json, text/html;q=0.9", false],
  ["application/problem+json;q=0.5, text/html", true],
  ["text/html;q=0", false],
  ["text/html;q=zero", false],
])("Accept %j prefers HTML: %j", (accept, expected) => {
  expect(prefersHtml(accept)).toBe(expected);
});

describe("problem", () => {
  // The keys of a table that is `as const`.
  const codes = Object.keys(EDGE_PROBLEMS) as EdgeProblemCode[];

  test.each(codes)("%s is problem JSON with Proxy-Status and is not stored", async (code) => {
    const response = problem(code, new Request("http://a.example/"));
    const { status, title, proxyError } = EDGE_PROBLEMS[code];
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({ type: `https://fairlead.dev/problems/${code}`, title, status, code });
    const [member] = parseList(response.headers.get("proxy-status") ?? "");
    expect(member?.[0].toString()).toBe("fairlead");
    expect(member?.[1].get("error")?.toString()).toBe(proxyError);
    expect(response.headers.has("retry-after")).toBe(status === 503);
  });

  test("a browser gets a page without scripts, with everything escaped", async () => {
    const request = new Request("http://a.example/", { headers: { accept: BROWSER } });
    const response = problem("geoInvalid", request, { detail: `<script>"'&` });
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("content-security-policy")).toBe("default-src 'none'");
    const page = await response.text();
    expect(page).toContain("&lt;script&gt;&quot;&#39;&amp;");
    expect(page).not.toContain("<script");
  });

  test("HEAD has the head of the same answer", async () => {
    const response = problem("noRoute", new Request("http://a.example/", { method: "HEAD" }));
    expect([response.status, await response.text()]).toEqual([404, ""]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });

  test("an answer that is not handed on leaves its status", () => {
    const response = problem("upstreamTimeout", new Request("http://a.example/"), { receivedStatus: 522 });
    expect(response.headers.get("proxy-status")).toBe("fairlead; error=http_response_timeout; received-status=522");
  });
});

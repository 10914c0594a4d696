import { describe, expect, test } from "vitest";
import { ADMIN_PROBLEMS } from "../../../config/admin-problems.ts";
import { EDGE_PROBLEMS, type EdgeProblemCode, edgeProblemType } from "../../../config/errors.ts";
import { PROBLEM_PAGES } from "../../../config/problem-help.ts";
import { ask } from "./support.ts";

const PROBLEMS = Object.entries<{ status: number; title: string }>({ ...EDGE_PROBLEMS, ...ADMIN_PROBLEMS });

describe("/problems", () => {
  test.each(PROBLEMS)("%s has a page, in text and in HTML", async (code, { status, title }) => {
    const text = await ask(`/problems/${code}`);
    expect(text.status).toBe(200);
    expect(text.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(text.body).toContain(title);
    expect(text.body).toContain(`Code ${code}, status ${status}.`);
    const html = await ask(`/problems/${code}`, { headers: { accept: "text/html,application/xhtml+xml" } });
    expect(html.headers.get("content-type")).toMatch(/^text\/html/);
    expect(html.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(html.body).toContain(`<h1>${title}</h1>`);
  });

  test("is what the type of a problem of the API leads to", async () => {
    const { body } = await ask("/v1/fleet");
    expect((await ask(body.type)).body).toContain(body.title);
  });

  test("is what the type of a problem of the edge leads to, with the host of whoever serves this API there", async () => {
    // The codes are those of the edge's own table.
    for (const code of Object.keys(EDGE_PROBLEMS) as EdgeProblemCode[])
      expect((await ask(new URL(edgeProblemType(code)).pathname)).status).toBe(200);
  });

  test.each(["/problems/nothing", "/problems/constructor", "/problems/", "/problems", "/problems/lastRegion/x"])(
    "%s is not there",
    async (path) => {
      expect((await ask(path)).body.code).toBe("notFound");
    },
  );

  test("a code that edge and API share is the same problem", () => {
    const admin: Readonly<Record<string, { status: number; title: string }>> = ADMIN_PROBLEMS;
    for (const [code, { status, title }] of Object.entries(EDGE_PROBLEMS))
      if (Object.hasOwn(admin, code)) expect(admin[code]).toEqual({ status, title });
  });

  test.each([...PROBLEM_PAGES.values()])("$code is explained in sentences", ({ means, fix }) => {
    for (const sentence of [means, fix]) {
      expect(sentence).toMatch(/^[A-Z].*\.$/);
      expect(sentence.length).toBeLessThan(160);
    }
  });
});

/** `/problems/{code}`: what the `type` of a problem leads to, for whoever got one, with or without a token. */
import { createRoute, z } from "@hono/zod-openapi";
import { ADMIN_PROBLEMS } from "../../config/admin-problems.ts";
import { PROBLEM_PAGES, type ProblemPage } from "../../config/problem-help.ts";
import type { App } from "../http/context.ts";
import { refuse } from "../http/problem.ts";
import { OPEN_CODES, okAnswer, problemAnswers } from "./answers.ts";
import { NoQuery } from "./schemas.ts";

const CodeParameter = z.string().openapi({ description: "The `code` of the problem.", example: "ruleDenied" });

const problemRoute = createRoute({
  method: "get",
  path: "/problems/{code}",
  operationId: "readProblem",
  tags: ["service"],
  summary: "Read about a problem",
  description: "What a problem means and how to fix it: where its `type` leads to. HTML for browsers, else text.",
  security: [],
  request: { query: NoQuery, params: z.object({ code: CodeParameter }) },
  responses: { 200: pageAnswer(), ...problemAnswers([...OPEN_CODES, "notFound"]) },
});

function pageAnswer() {
  const { description, headers, content } = okAnswer("text/plain", z.string(), {
    description: "A few sentences.",
    example: `${ADMIN_PROBLEMS.ruleDenied.title}\n\n...`,
  });
  const html = { schema: z.string(), example: "<!doctype html>..." };
  return { description, headers, content: { ...content, "text/html": html } };
}

export function addProblemRoutes(app: App): void {
  app.openapi(problemRoute, (c) => {
    const page = PROBLEM_PAGES.get(c.req.valid("param").code);
    if (page === undefined) return refuse(c, { code: "notFound", detail: "There is no problem of that code." });
    const html = c.req.header("accept")?.includes("text/html") === true;
    return html ? c.html(htmlOf(page), 200, { vary: "accept" }) : c.text(textOf(page), 200, { vary: "accept" });
  });
}

function textOf({ code, status, title, means, fix }: ProblemPage): string {
  return `${title}\n\n${means}\n\nWhat to do: ${fix}\n\nCode ${code}, status ${status}.\n`;
}

function htmlOf({ code, status, title, means, fix }: ProblemPage): string {
  const [heading = "", meaning = "", remedy = ""] = [title, means, fix].map(escapeHtml);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${heading}</title></head><body><main><h1>${heading}</h1><p>${meaning}</p>`,
    `<h2>What to do</h2><p>${remedy}</p><p>Code <code>${code}</code>, status ${status}.</p></main></body></html>\n`,
  ].join("");
}

/** The sentences are ours and are text, not attributes. */
function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * The least that an edge with our semantics has to ask of the platform for a request, and nothing else: where the client is,
 * the headers that a cluster gets, a deadline for the answer's head, and a look at the answer's headers. It decides nothing
 * and counts nothing; what the edge costs beyond it is our own code's.
 */
import { FLAGS_HEADER } from "../../../config/flags-header.ts";
import { AnswerDeadlines } from "../../../worker/answer-deadlines.ts";
import { hasHeadersToDrop, setRequestHeaders } from "../../../worker/headers.ts";
import { readRequestFields } from "../../../worker/request-fields.ts";
import { setTraceHeaders } from "../../../worker/trace-context.ts";

type Env = { readonly EGRESS: Fetcher; readonly ORIGIN: string };

const TRACE = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", sampled: false };
const SPAN_ID = "00f067aa0ba902b7";
const FIRST_BYTE_MS = 5_000;
const deadlines = new AnswerDeadlines({ sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)) });

export default {
  async fetch(request, env, background) {
    const { pathname, search } = new URL(request.url);
    const { headers: client, method, cf } = request;
    const headers = new Headers(client);
    const fields = readRequestFields(client);
    const clientAddress = cf === undefined ? undefined : (fields.connectingIp ?? undefined);
    const target = {
      host: "a",
      authority: fields.host ?? "a",
      scheme: "http",
      path: pathname,
      query: search,
    } as const;
    setRequestHeaders(headers, fields, { target, clientAddress, protocol: undefined, loopId: "fairlead-bench" });
    setTraceHeaders(headers, TRACE, SPAN_ID);
    headers.set(FLAGS_HEADER, 'new-checkout;v="on"');
    const answer = await deadlines.within(
      env.EGRESS.fetch(env.ORIGIN + pathname + search, { method, headers, redirect: "manual" }),
      { ms: FIRST_BYTE_MS, nowMs: Date.now(), background },
    );
    if (!(answer instanceof Response)) return new Response(answer.kind, { status: 504 });
    return hasHeadersToDrop(answer.headers) ? new Response(answer.body, answer) : answer;
  },
} satisfies ExportedHandler<Env>;

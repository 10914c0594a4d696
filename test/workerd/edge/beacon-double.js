/**
 * Stand in for the admin Worker's beacon and telemetry objects: the edge's bindings lead to another script, which the pool wants to exist.
 * Tests say what it answers by PUT on the same paths; a path that nobody set is 404, as on a beacon that knows nothing.
 */
import { DurableObject } from "cloudflare:workers";

export class BeaconObject extends DurableObject {
  answers = new Map();
  /** How often each path was asked for: `GET /asked`. */
  asked = {};
  /** What was reported, one JSON text each: `GET /reports`. */
  reports = [];

  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (request.method === "PUT") {
      this.answers.set(pathname, await request.text());
      return new Response(null, { status: 204 });
    }
    if (request.method === "POST") {
      this.reports.push(JSON.parse(await request.text()));
      return new Response(null, { status: 204 });
    }
    if (pathname === "/reports") return Response.json(this.reports);
    if (pathname === "/asked") return Response.json(this.asked);
    this.asked[pathname] = (this.asked[pathname] ?? 0) + 1;
    const answer = this.answers.get(pathname);
    return answer === undefined ? new Response(null, { status: 404 }) : new Response(answer);
  }
}

/** Keeps what it is told, and answers a GET with it. */
export class TelemetryObject extends DurableObject {
  reports = [];

  async fetch(request) {
    if (request.method === "GET") return Response.json(this.reports);
    this.reports.push(JSON.parse(await request.text()));
    return new Response(null, { status: 204 });
  }
}

export default { fetch: () => new Response(null, { status: 404 }) };

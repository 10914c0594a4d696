/** What workerd's Cache API talks to: a cache that keeps nothing, so each beacon question of the edge is asked. */
export default {
  fetch(request) {
    if (request.method === "PUT") return new Response(null, { status: 204 });
    if (request.method === "PURGE") return new Response(null, { status: 404 });
    return new Response(null, { status: 504, headers: { "CF-Cache-Status": "MISS" } });
  },
} satisfies ExportedHandler;

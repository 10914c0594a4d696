/** What workerd's KV binding talks to when the control plane writes as well: the newest value of each key, in memory. */
const values = new Map<string, string>();

export default {
  async fetch(request) {
    const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
    if (request.method === "PUT") {
      values.set(key, await request.text());
      return new Response(null);
    }
    const value = values.get(key);
    return value === undefined ? new Response(null, { status: 404 }) : new Response(value);
  },
} satisfies ExportedHandler;

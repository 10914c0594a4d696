/** What workerd's KV binding talks to, read-only: the one key that holds the signed snapshot. */
import { SNAPSHOT_KV_KEY } from "../../../config/beacon.ts";

type Env = { readonly SNAPSHOT: string };

export default {
  fetch(request, env) {
    const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
    if (request.method !== "GET" || key !== SNAPSHOT_KV_KEY) return new Response(null, { status: 404 });
    return new Response(env.SNAPSHOT);
  },
} satisfies ExportedHandler<Env>;

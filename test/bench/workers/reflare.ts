/**
 * reflare with two weighted upstreams and nothing else. Its README makes the instance anew for each request; keeping it
 * is cheaper, and the comparison should show reflare at its best.
 */
import useReflare from "reflare";

type Env = { readonly ORIGIN_PORT: string };
type Reflare = Awaited<ReturnType<typeof useReflare>>;

let reflare: Reflare | undefined;

export default {
  async fetch(request, env) {
    // No I/O is waited for here, so an instance made by one request may serve the others.
    reflare ??= await useReflare({ provider: "static", routeList: [{ path: "/*", upstream: upstreams(env) }] });
    return reflare.handle(request);
  },
} satisfies ExportedHandler<Env>;

function upstreams(env: Env) {
  const upstream = { domain: "127.0.0.1", port: Number(env.ORIGIN_PORT), protocol: "http" } as const;
  return [
    { ...upstream, weight: 90 },
    { ...upstream, weight: 10 },
  ];
}

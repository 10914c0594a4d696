/** The least a Worker can do and still be a proxy: what every ratio of the bench is taken against. */
type Env = { readonly EGRESS: Fetcher; readonly ORIGIN: string };

export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return env.EGRESS.fetch(new Request(env.ORIGIN + pathname + search, request));
  },
} satisfies ExportedHandler<Env>;

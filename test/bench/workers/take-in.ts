/**
 * Takes in the snapshot of its bindings as often as the path says (`/1`, `/20`). The caller times the answers: no clock
 * advances in here while code runs.
 */
import { SignedPayload } from "../protocol.ts";
import { takeIn } from "../take-in.ts";

type Env = { readonly SIGNED: string };

export default {
  async fetch(request, env) {
    const times = Number(new URL(request.url).pathname.slice(1));
    const signed = SignedPayload.parse(JSON.parse(env.SIGNED));
    for (let done = 0; done < times; done += 1) await takeIn(signed);
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Env>;

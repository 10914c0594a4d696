/** Who gets what, in which form, signed how, and how often it is tried. */
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { bodyOf } from "../../../admin/core/webhooks/body.ts";
import { type Event, messageIdOf } from "../../../admin/core/webhooks/event.ts";
import { type Receiver, receiversIn, receiversOf } from "../../../admin/core/webhooks/receiver.ts";
import { ATTEMPTS_MAX, type Attempt, nextStep } from "../../../admin/core/webhooks/retry.ts";
import { isSigningSecret, signedHeaders, signingSecret } from "../../../admin/core/webhooks/signature.ts";
import { retryAfterMs } from "../../../config/backoff.ts";
import { fleetOf, soundBut } from "../config/fixtures.ts";

const NOW_MS = 1_772_355_600_000;

describe("who gets an event", () => {
  const receiver = (name: string, fields: Partial<Receiver> = {}): Receiver => ({
    ...{ name, owners: [name], url: "https://a.example.com", format: "standard", events: ["alert.*", "incident.*"] },
    ...{ isDefault: false, secret: name, timeoutMs: 5_000 },
    ...fields,
  });
  const ALL = [
    receiver("everybody", { isDefault: true }),
    receiver("archive", { isDefault: true, events: ["incident.opened"] }),
    receiver("team-web"),
    receiver("team-web-chat", { owners: ["team-web-chat", "team-web"] }),
    receiver("team-eu", { severities: ["page"] }),
  ];
  const page = (...owners: readonly string[]) => ({ type: "alert.firing", severity: "page", owners }) as const;

  // biome-ignore format: a table reads in columns
  test.each([
    ["of nobody",                          page(),                                                       ["everybody"]],
    ["of a team",                          page("team-web"),                                             ["team-web", "team-web-chat"]],
    ["of one in a team",                   page("team-web-chat"),                                        ["team-web-chat"]],
    ["the most specific first",            page("team-eu", "team-web"),                                  ["team-eu"]],
    ["an owner without a webhook",         page("Nobody", "team-web"),                                   ["team-web", "team-web-chat"]],
    ["no owner with one",                  page("Nobody"),                                               ["everybody"]],
    ["a ticket, and pages only",           { ...page("team-eu"), severity: "ticket" },                   ["everybody"]],
    ["an incident",                        { type: "incident.opened" },                                  ["everybody", "archive"]],
    ["what nobody asked for",              { type: "cluster.unhealthy" },                                []],
  ] as const)("%s", (_, event, names) => {
    expect(receiversOf(ALL, event).map(({ name }) => name)).toEqual(names);
  });

  test("documents are read with their defaults", () => {
    const url = "https://hooks.example.com/in";
    const webhook = (name: string, spec: object, owner?: string) => ({
      ...{ apiVersion: "fairlead.dev/v1", kind: "Webhook", metadata: { name, ...(owner ? { owner } : {}) } },
      spec: { url, format: "standard", ...spec },
    });
    const { fleet } = fleetOf(
      soundBut(
        webhook("a", { default: true }),
        webhook("b", { secret: "a", timeout: "1s", severities: ["page"] }, "A"),
      ),
    );
    expect(receiversIn(fleet)).toEqual([
      receiver("a", { url, isDefault: true }),
      receiver("b", { url, owners: ["b", "A"], secret: "a", timeoutMs: 1_000, severities: ["page"] }),
    ]);
  });
});

describe("bodies", () => {
  const event: Event = {
    ...{ key: "k", id: "msg_1", type: "alert.firing", atMs: NOW_MS, summary: "a < b & c > d" },
    data: { id: "x", runbook: "https://wiki/x?a&b", commands: [{ what: "Drain", command: "curl -d '{}'" }] },
  };
  const change = { revision: 7, kind: "apply", author: "a<b", atMs: NOW_MS - 240_000, ageMs: 239_000 };
  const time = "2026-03-01T09:00:00.000Z";

  test("as Standard Webhooks recommends it", () => {
    expect(JSON.parse(bodyOf("standard", event, time))).toEqual({
      type: event.type,
      timestamp: time,
      data: event.data,
    });
  });

  test("as Slack shows it", () => {
    const text = "a &lt; b &amp; c &gt; d";
    expect(JSON.parse(bodyOf("slack", event, time))).toEqual({
      text,
      blocks: [
        {
          type: "section",
          text: {
            type: "mrkdwn",
            text: `${text}\n<https://wiki/x?a&amp;b|Runbook>\nDrain:\n\`\`\`curl -d '{}'\`\`\``,
          },
        },
      ],
    });
  });

  test("with what was changed before, for whoever wonders", () => {
    const { blocks } = JSON.parse(bodyOf("slack", { ...event, data: { changes: [change] } }, time));
    expect(blocks[0].text.text).toBe("a &lt; b &amp; c &gt; d\nChanged 4m before: revision 7, apply by a&lt;b");
  });

  test("is no longer than Slack takes, and needs nothing but a summary", () => {
    const { blocks } = JSON.parse(bodyOf("slack", { ...event, summary: "x".repeat(9_000), data: {} }, time));
    expect(blocks[0].text.text).toHaveLength(3_000);
  });

  test("an event has one id, whoever tells of it how often, without dots", () => {
    expect(messageIdOf({ key: "a.b" })).toBe(messageIdOf({ key: "a.b" }));
    expect(messageIdOf({ key: "a.b" })).not.toBe(messageIdOf({ key: "a.c" }));
    expect(messageIdOf({ key: "a.b" })).toMatch(/^msg_[0-9a-f]{32}$/);
  });
});

describe("signatures", () => {
  const secretOf = (fill: number) => signingSecret(new Uint8Array(32).fill(fill));
  const nowS = () => Math.floor(Date.now() / 1_000);

  test("are those of the specification's own example", () => {
    // https://github.com/standard-webhooks/standard-webhooks, the tests of its libraries.
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestampS: 1_614_265_330, body: '{"test": 2432232314}' };
    expect(signedHeaders(message, [secret])["webhook-signature"]).toBe(
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    );
  });

  test("verify with the public library, whatever the secret, the id and the body", () => {
    const bytes = fc.uint8Array({ minLength: 24, maxLength: 64 });
    fc.assert(
      fc.property(bytes, bytes, fc.jsonValue(), (key, older, data) => {
        const [secret, before] = [signingSecret(key), signingSecret(older)];
        const message = { id: "msg_1", timestampS: nowS(), body: JSON.stringify({ data }) };
        const headers = signedHeaders(message, [secret, before]);
        // While a secret changes, whoever has either of them is content.
        expect(new Webhook(secret).verify(message.body, headers)).toEqual(JSON.parse(message.body));
        expect(new Webhook(before).verify(message.body, headers)).toEqual(JSON.parse(message.body));
      }),
    );
  });

  // biome-ignore format: a table reads in columns
  test.each([
    ["another body",      { body: "{ }" },                     secretOf(1)],
    ["another id",        { id: "msg_2" },                     secretOf(1)],
    ["another time",      { timestampS: nowS() - 1 },          secretOf(1)],
    ["another secret",    {},                                  secretOf(2)],
    ["an old time",       { timestampS: nowS() - 301 },        secretOf(1)],
  ])("do not hold for %s", (_, change, secret) => {
    const message = { id: "msg_1", timestampS: nowS(), body: "{}" };
    const { "webhook-signature": signature } = signedHeaders(message, [secretOf(1)]);
    const { id, timestampS, body } = { ...message, ...change };
    const headers = { "webhook-id": id, "webhook-timestamp": String(timestampS), "webhook-signature": signature };
    expect(() => new Webhook(secret).verify(body, headers)).toThrow();
  });

  // biome-ignore format: a table reads in columns
  test.each([
    [signingSecret(new Uint8Array(24)),     true],
    [signingSecret(new Uint8Array(64)),     true],
    [signingSecret(new Uint8Array(23)),     false],
    [signingSecret(new Uint8Array(65)),     false],
    ["whsec_",                              false],
    ["whsec_???",                           false],
    ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",    false],
  ])("%s is a secret: %s", (text, is) => {
    expect(isSigningSecret(text)).toBe(is);
  });
});

describe("tries", () => {
  const at = (attempt: Attempt, attempts = 1, draw = 0.5) => nextStep(attempt, { attempts, nowMs: NOW_MS, draw });
  const waits = (draw: number) =>
    Array.from({ length: ATTEMPTS_MAX - 1 }, (_, index) => {
      const step = at({ kind: "failed", because: "timeout" }, index + 1, draw);
      return step.kind === "retry" ? (step.atMs - NOW_MS) / 1_000 : undefined;
    });

  // biome-ignore format: a table reads in columns
  test.each<[string, Attempt, number, string, string | undefined]>([
    ["200",                     { kind: "answered", status: 200 },            1,             "delivered",   undefined],
    ["204 at last",             { kind: "answered", status: 204 },            ATTEMPTS_MAX,  "delivered",   undefined],
    ["a redirect",              { kind: "answered", status: 302 },            1,             "retry",       "It answered 302, and redirects are not followed."],
    ["500",                     { kind: "answered", status: 500 },            1,             "retry",       "It answered 500."],
    ["404",                     { kind: "answered", status: 404 },            1,             "retry",       "It answered 404."],
    ["gone",                    { kind: "answered", status: 410 },            1,             "dead",        "It answered 410."],
    ["no answer in time",       { kind: "failed", because: "timeout" },       1,             "retry",       "It did not answer in time."],
    ["no connection",           { kind: "failed", because: "connection" },    9,             "retry",       "No connection could be made, or it broke."],
    ["no connection, at last",  { kind: "failed", because: "connection" },    ATTEMPTS_MAX,  "dead",        "No connection could be made, or it broke."],
    ["no secret",               { kind: "noSecret" },                         1,             "retry",       "Its secret is not set."],
  ])("%s", (_, attempt, attempts, kind, error) => {
    const step = at(attempt, attempts);
    expect([step.kind, "error" in step ? step.error : undefined]).toEqual([kind, error]);
  });

  test("are further and further apart, over half a day", () => {
    expect(waits(0.5)).toEqual([5, 15, 45, 135, 405, 1_215, 3_645, 10_935, 14_400]);
  });

  test("come up to a fifth sooner or later by chance", () => {
    expect([waits(0)[0], waits(1)[0]]).toEqual([4, 6]);
  });

  // biome-ignore format: a table reads in columns
  test.each([
    [undefined,     5_000],
    [1_000,         5_000],
    [60_000,        60_000],
    [7_200_000,     3_600_000],
  ])("wait as long as the receiver asks (%s ms), within reason", (asked, ms) => {
    const attempt = { kind: "answered", status: 429, ...(asked === undefined ? {} : { retryAfterMs: asked }) } as const;
    expect(at(attempt)).toMatchObject({ kind: "retry", atMs: NOW_MS + ms });
  });

  // biome-ignore format: a table reads in columns
  test.each([
    [null,                                 undefined],
    ["120",                                120_000],
    ["-1",                                 undefined],
    ["1.5",                                undefined],
    ["Sun, 01 Mar 2026 09:00:00 GMT",      undefined],
  ])("Retry-After: %s", (field, ms) => {
    expect(retryAfterMs(field)).toBe(ms);
  });
});

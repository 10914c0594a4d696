/** Host, path and query are read as they will be sent, or the request is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTarget } from "../../../worker/target.ts";

describe("host", () => {
  test.each([
    // url                              Host header          host           authority
    ["http://shop.example/a", "shop.example", "shop.example", "shop.example"],
    ["http://Shop.Example:80/a", "Shop.Example:80", "shop.example", "Shop.Example:80"],
    ["http://shop.example./a", "shop.example.", "shop.example", "shop.example."],
    ["http://127.0.0.1:8787/", "127.0.0.1:8787", "127.0.0.1", "127.0.0.1:8787"],
    ["http://[::1]:8787/", "[::1]:8787", "[::1]", "[::1]:8787"],
    ["https://shop.example/a", "Shop.Example:443", "shop.example", "Shop.Example:443"], // the platform's own spelling
    ["https://shop.example/a", null, "shop.example", "shop.example"], // over a binding
  ])("%s with Host %s is for %s", (url, hostHeader, host, authority) => {
    expect(readTarget(url, hostHeader)).toMatchObject({ host, authority });
  });

  test.each([
    ["http://good@evil.example/a", "good@evil.example"],
    ["http://good.example/x/a", "good.example/x"],
    ["http://good.example\\x/a", "good.example\\x"],
    ["http://a, b/", "a, b"],
    ["http:///a", ""],
    ["http://good.example:99999/", "good.example:99999"],
    ["http://good.example#x/a", "good.example#x"],
    ["http://good.example?x/a", "good.example?x"],
    ["http://evil.example/a", "good.example"],
    ["http://good.example.evil.example/a", "good.example"],
    ["http://good@evil.example/a", null],
    ["ftp://good.example/a", "good.example"],
    ["good.example/a", "good.example"],
  ])("%s with Host %s is refused", (url, hostHeader) => {
    expect(readTarget(url, hostHeader)).toBeUndefined();
  });
});

describe("path and query", () => {
  test.each([
    // as it came                 path              query
    ["/a/b", "/a/b", ""],
    ["/a/b?x=1&y=/../z", "/a/b", "?x=1&y=/../z"],
    ["?x=1", "/", "?x=1"],
    ["", "/", ""],
    ["/public/../private", "/private", ""],
    ["/public/%2e%2E/private?q", "/private", "?q"],
    ["/public\\..\\private", "/private", ""],
    ["/a/./b", "/a/b", ""],
    ["/.well-known/x", "/.well-known/x", ""],
    ["/..", "/", ""],
    ["//evil.example/a", "//evil.example/a", ""],
    ["/caf\u00e9 au lait", "/caf%C3%A9%20au%20lait", ""],
    ["/a%2Fb;c=d@e:f", "/a%2Fb;c=d@e:f", ""],
    ["*", "*", ""],
  ])("%s is sent as %s%s", (rest, path, query) => {
    expect(readTarget(`http://a.example${rest}`, "a.example")).toMatchObject({ path, query });
  });

  test("what is routed on is what the URL parser would send", () => {
    const piece = fc.constantFrom("/", "..", ".", "%2e", "%2E", "\\", "a", "%", "?", " ", "é", "//", ";", "@", ":");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const url = `http://a.example/${pieces.join("")}`;
        const target = readTarget(url, "a.example");
        const parsed = new URL(url);
        expect(target?.path).toBe(parsed.pathname);
        const sent = new URL(`http://endpoint.example:81${target?.path}${target?.query}`);
        expect([sent.host, sent.pathname, sent.search]).toEqual([
          "endpoint.example:81",
          parsed.pathname,
          parsed.search,
        ]);
      }),
    );
  });

  test("hosts are read the same the second time, however many came in between", () => {
    const written = Array.from({ length: 1_000 }, (_, index) => [
      `Shop-${index}.Example.:8443`,
      `shop-${index}.example`,
    ]);
    for (const [header = "", host] of [...written, ...written]) {
      expect(readTarget(`http://${header}/`, header)).toMatchObject({ host, authority: header });
    }
  });

  test("no text makes it throw", () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string()), (rest, host) => {
        readTarget(rest, host);
        readTarget(`http://${host ?? ""}${rest}`, host);
      }),
    );
  });
});

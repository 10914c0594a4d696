/** The requests of the HTTP load: what a browser sends, from every place in `clients.ts`. The same for each Worker. */
import { CLIENT_GEOS, clientAddress } from "./clients.ts";
import { seededDraws } from "./statistics.ts";

/** Where workerd takes `request.cf` from on the bench's sockets; it removes the header before the Worker runs. */
export const CF_BLOB_HEADER = "x-cf-blob";

/** What a current browser sends with a same-site API request. */
const BROWSER_HEADERS = {
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  accept: "application/json, text/plain, */*",
  "accept-language": "de-DE,de;q=0.9,en;q=0.8",
  "accept-encoding": "gzip, deflate, br, zstd",
  referer: "https://shop.fairlead.example/products/4711",
  "sec-ch-ua": '"Chromium";v="142", "Not_A Brand";v="99"',
  "sec-ch-ua-mobile": "?0",
  "sec-ch-ua-platform": '"Linux"',
  "sec-fetch-dest": "empty",
  "sec-fetch-mode": "cors",
  "sec-fetch-site": "same-origin",
  cookie: "session=3f1d0a6c9b7e4d58a2c4e1f09b6d7a83; theme=dark; consent=1",
};

const PATHS = ["/", "/products/4711?colour=blue", "/cart", "/accounts/me", "/assets/app.js"];

/** Every place with its own address and path; the list is the same for each Worker and each connection. */
export function loadRequests(): { method: string; path: string; headers: Record<string, string> }[] {
  const draw = seededDraws(1);
  return CLIENT_GEOS.map((geo, index) => ({
    method: "GET",
    path: PATHS[index % PATHS.length] ?? "/",
    headers: {
      ...BROWSER_HEADERS,
      "cf-connecting-ip": clientAddress(draw()),
      [CF_BLOB_HEADER]: JSON.stringify(geo),
    },
  }));
}

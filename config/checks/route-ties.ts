/**
 * Two routes that a request could match equally well. The edge takes the most specific route (`worker/routing/match.ts`
 * has the order); where nothing makes one more specific, the answer would depend on their names, so it is refused here.
 */
import type { RouteDocument } from "../documents/route.ts";
import type { Finding, FindingPath } from "../findings.ts";
import { groupBy } from "../group.ts";
import { findingAt, type Placed } from "../placed.ts";
import type { HeaderMatch, PathMatch } from "../shared-shapes.ts";
import type { CheckInput } from "./check.ts";
import { checkRouteEntries } from "./limits.ts";

/** One host and path of a route, with the path said so that equally specific ones are equal text. */
type Claim = {
  readonly route: Placed<RouteDocument>;
  readonly key: string;
  readonly path: FindingPath;
  readonly what: string;
};

/** Each route is told of the first rival it meets, so that a hundred equal routes give a hundred findings. */
export function checkRouteTies(input: CheckInput): readonly Finding[] {
  // Beyond the limit there is a finding already, and too much to compare.
  if (checkRouteEntries(input).length > 0) return [];
  const reported = new Set<string>();
  const groups = groupBy(input.routes.flatMap(claimsOf), ({ key }) => key);
  return [...groups.values()].flatMap((rivals) =>
    rivals.flatMap((second, index) => {
      const first = rivals.find(
        (rival, at) =>
          at < index && rival.route !== second.route && canTie(rival.route.document, second.route.document),
      );
      if (first === undefined) return [];
      const [a, b] = [nameOf(first), nameOf(second)];
      if (a === b || reported.has(`${a} ${b}`)) return [];
      reported.add(`${a} ${b}`);
      const message = `routes "${a}" and "${b}" match ${second.what} equally well: nothing says which wins`;
      return [findingAt(second.route, { code: "route.tie", path: second.path, message })];
    }),
  );
}

function claimsOf(route: Placed<RouteDocument>): Claim[] {
  const { hosts, paths } = route.document.spec.match;
  const { methods, headers } = route.document.spec.match;
  // A stated method and each header condition make a route more specific, so only equals can tie.
  const rank = `${methods === undefined ? "anyMethod" : "method"} ${headers?.length ?? 0}`;
  const at: FindingPath = ["spec", "match"];
  return hosts.flatMap((host) =>
    (paths ?? [{ prefix: "/" }]).map((path, index) => ({
      route,
      key: `${rank} ${host} ${pathKey(path)}`,
      path: paths === undefined ? at : [...at, "paths", index],
      what: `${host} ${Object.values(path).join("")}`,
    })),
  );
}

/** Parameters are equal whatever they are called, a whole path is equal to a pattern without parameters. */
function pathKey(path: PathMatch): string {
  if ("prefix" in path) return `prefix ${path.prefix === "/" ? "" : path.prefix}`;
  if ("exact" in path) return `whole ${JSON.stringify(path.exact.split("/"))}`;
  const segments = path.pattern.split("/").map((segment) => (segment.startsWith(":") ? null : segment));
  return `whole ${JSON.stringify(segments)}`;
}

function nameOf({ route }: Claim): string {
  return route.document.metadata.name;
}

/** Some request satisfies the methods and headers of both. */
function canTie(first: RouteDocument, second: RouteDocument): boolean {
  const [a, b] = [first.spec.match, second.spec.match];
  const methods =
    a.methods === undefined || b.methods === undefined || a.methods.some((one) => b.methods?.includes(one));
  return methods && headersAgree(a.headers ?? [], b.headers ?? []);
}

/** One header cannot have two values; different headers can always come together. */
function headersAgree(first: readonly HeaderMatch[], second: readonly HeaderMatch[]): boolean {
  return first.every(({ name, value }) => {
    const other = second.find((one) => one.name === name);
    return value === undefined || other?.value === undefined || other.value === value;
  });
}

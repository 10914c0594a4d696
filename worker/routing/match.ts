/**
 * Finds the route of a request. Routes are indexed once per revision: hosts in maps, paths in a tree of segments, so a
 * request costs the length of its path, not the number of routes.
 *
 * The most specific route wins (the order of Gateway API's HTTPRoute): exact host, then the longest wildcard, then `*`;
 * within a host whole-path matches before prefixes, literal segments before parameters from left to right, longer
 * prefixes first; then a stated method, then more header conditions. A more specific route whose method or headers do
 * not match leaves the request to the next one. Two routes that would tie are refused when a document is checked.
 */

import type { HeaderMatch, PathMatch } from "../../config/shared-shapes.ts";
import type { Facts } from "./facts.ts";

/** What the index needs to know of a route. */
export type Matchable = {
  readonly hosts: readonly string[];
  readonly paths: readonly PathMatch[];
  readonly methods?: readonly string[];
  readonly headers?: readonly HeaderMatch[];
};

/** What most nodes do not have is undefined rather than empty: an empty map or list is still a place to look at. */
type Node<R> = {
  literals: Literals<R> | undefined;
  parameter: Node<R> | undefined;
  /** Routes whose whole path ends here, and routes whose prefix does; most specific first. */
  ends: R[] | undefined;
  prefixes: R[] | undefined;
};

/**
 * By the hash of their segment, and under each hash those that share it. Not by the segment itself: a part of a request's
 * path is a new text each time, and to look that up V8 has to make it unique first, which costs a microsecond.
 */
type Literals<R> = Map<number, Literal<R>[]>;
type Literal<R> = { readonly segment: string; readonly node: Node<R> };

export type RouteIndex<R extends Matchable> = {
  readonly exactHosts: ReadonlyMap<string, Node<R>>;
  /** By the part behind `*.`. */
  readonly wildcardHosts: ReadonlyMap<string, Node<R>>;
  readonly anyHost: Node<R> | undefined;
};

/** The route, or what was not found. */
export type Match<R> = R | "noPath" | "noHost";

export function buildRouteIndex<R extends Matchable>(routes: readonly R[]): RouteIndex<R> {
  const exactHosts = new Map<string, Node<R>>();
  const wildcardHosts = new Map<string, Node<R>>();
  let anyHost: Node<R> | undefined;
  for (const route of [...routes].sort(bySpecificity)) {
    for (const host of route.hosts) {
      if (host === "*") {
        anyHost ??= newNode();
        insert(anyHost, route);
      } else if (host.startsWith("*.")) {
        insert(nodeFor(wildcardHosts, host.slice(2)), route);
      } else {
        insert(nodeFor(exactHosts, host), route);
      }
    }
  }
  return { exactHosts, wildcardHosts, anyHost };
}

export function matchRoute<R extends Matchable>(index: RouteIndex<R>, facts: Facts): Match<R> {
  const exact = index.exactHosts.get(facts.host);
  const route = exact === undefined ? undefined : findInTree(exact, facts);
  return route ?? matchWildcards(index, facts, exact !== undefined);
}

function matchWildcards<R extends Matchable>(index: RouteIndex<R>, facts: Facts, exactHost: boolean): Match<R> {
  let hostKnown = exactHost;
  for (const root of wildcardNodes(index, facts.host)) {
    hostKnown = true;
    const route = findInTree(root, facts);
    if (route !== undefined) return route;
  }
  return hostKnown ? "noPath" : "noHost";
}

/** The trees of the wildcards that hold a host, longest first. A wildcard stands for one label or more. */
function* wildcardNodes<R extends Matchable>(index: RouteIndex<R>, host: string): Generator<Node<R>> {
  if (index.wildcardHosts.size > 0) {
    for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
      const node = index.wildcardHosts.get(host.slice(dot + 1));
      if (node !== undefined) yield node;
    }
  }
  if (index.anyHost !== undefined) yield index.anyHost;
}

function bySpecificity(a: Matchable, b: Matchable): number {
  const methods = Number(b.methods !== undefined) - Number(a.methods !== undefined);
  return methods !== 0 ? methods : (b.headers?.length ?? 0) - (a.headers?.length ?? 0);
}

function newNode<R>(): Node<R> {
  return { literals: undefined, parameter: undefined, ends: undefined, prefixes: undefined };
}

function nodeFor<R>(nodes: Map<string, Node<R>>, key: string): Node<R> {
  const existing = nodes.get(key);
  if (existing !== undefined) return existing;
  const node = newNode<R>();
  nodes.set(key, node);
  return node;
}

function insert<R extends Matchable>(root: Node<R>, route: R): void {
  for (const path of route.paths) {
    if ("prefix" in path) {
      const node = descend(root, prefixSegments(path.prefix), () => false);
      node.prefixes = [...(node.prefixes ?? []), route];
      continue;
    }
    const node =
      "exact" in path
        ? descend(root, splitPath(path.exact), () => false)
        : descend(root, splitPath(path.pattern), (segment) => segment.startsWith(":"));
    node.ends = [...(node.ends ?? []), route];
  }
}

function descend<R>(root: Node<R>, segments: readonly string[], isParameter: (segment: string) => boolean): Node<R> {
  return segments.reduce((node, segment) => {
    if (!isParameter(segment)) return literalFor(node, segment);
    node.parameter ??= newNode();
    return node.parameter;
  }, root);
}

function literalFor<R>(parent: Node<R>, segment: string): Node<R> {
  const existing = literalAt(parent, segment, 0, segment.length);
  if (existing !== undefined) return existing;
  const node = newNode<R>();
  parent.literals ??= new Map();
  const hash = hashBetween(segment, 0, segment.length);
  parent.literals.set(hash, [...(parent.literals.get(hash) ?? []), { segment, node }]);
  return node;
}

/** `/a/b` has the segments a and b, `/a/` has a and an empty one: they are different paths. */
function splitPath(path: string): readonly string[] {
  return path.slice(1).split("/");
}

/** A prefix matches whole segments, so its own trailing slash says nothing: `/a` and `/a/` both hold `/a` and `/a/b`. */
function prefixSegments(prefix: string): readonly string[] {
  const trimmed = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
  return trimmed === "" ? [] : splitPath(trimmed);
}

const FIRST_SEGMENT = 1;

/**
 * One walk along the literal segments, which finds prefixes, the deepest last, and where the whole path ends. Where the
 * first parameter could stand for a segment, the ways to read the path part, and all of them are tried from there.
 */
function findInTree<R extends Matchable>(root: Node<R>, facts: Facts): R | undefined {
  const { path } = facts;
  let prefix: R | undefined;
  let parted = false;
  let node = root;
  let start = FIRST_SEGMENT;
  for (;;) {
    prefix = firstMatch(node.prefixes, facts) ?? prefix;
    if (!parted && (node.parameter !== undefined || start > path.length)) {
      parted = true;
      const whole = findEnd(node, start, facts);
      if (whole !== undefined) return whole;
    }
    if (start > path.length) return prefix;
    const end = endOfSegment(path, start);
    const literal = literalAt(node, path, start, end);
    if (literal === undefined) return prefix;
    node = literal;
    start = end + 1;
  }
}

/** Each node stands for one way to read the path, so the walk is bounded by the tree, whatever the routes are. */
function findEnd<R extends Matchable>(node: Node<R>, start: number, facts: Facts): R | undefined {
  const { parameter } = node;
  if (start > facts.path.length) return firstMatch(node.ends, facts);
  if (node.literals === undefined && parameter === undefined) return undefined;
  const end = endOfSegment(facts.path, start);
  const literal = literalAt(node, facts.path, start, end);
  const found = literal === undefined ? undefined : findEnd(literal, end + 1, facts);
  if (found !== undefined || parameter === undefined || start === end) return found;
  return findEnd(parameter, end + 1, facts);
}

/** The literal that the part of `text` from `start` to `end` is. */
function literalAt<R>({ literals }: Node<R>, text: string, start: number, end: number): Node<R> | undefined {
  const sharing = literals?.get(hashBetween(text, start, end));
  if (sharing === undefined) return undefined;
  for (const { segment, node } of sharing) {
    if (segment.length === end - start && text.startsWith(segment, start)) return node;
  }
  return undefined;
}

/** Small enough for V8 to keep it without a place in memory of its own. Who shares a hash is told apart by the text. */
function hashBetween(text: string, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) & 0x3fff_ffff;
  return hash;
}

/** Behind the last one the path has no further: the next would start beyond its length. */
function endOfSegment(path: string, start: number): number {
  const slash = path.indexOf("/", start);
  return slash < 0 ? path.length : slash;
}

function firstMatch<R extends Matchable>(routes: readonly R[] | undefined, facts: Facts): R | undefined {
  if (routes === undefined) return undefined;
  for (const route of routes) {
    if (route.methods !== undefined && !route.methods.includes(facts.method)) continue;
    if (route.headers === undefined || matchesHeaders(route.headers, facts)) return route;
  }
  return undefined;
}

/** All conditions must hold. A condition without a value only asks that the field is there. */
export function matchesHeaders(conditions: readonly HeaderMatch[], facts: Facts): boolean {
  return conditions.every(({ name, value }) => {
    const actual = facts.header(name);
    return value === undefined ? actual !== null : actual === value;
  });
}

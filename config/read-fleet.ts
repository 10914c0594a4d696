/**
 * From what people wrote to a fleet: parse each document, resolve the templates for one environment, check what must
 * hold between them. All findings at once, with paths rooted at the index in `inputs`; a fleet with errors must not be
 * used. Never throws, whatever the inputs are.
 */
import type { CheckInput, DeclaredName } from "./checks/check.ts";
import { runChecks } from "./checks.ts";
import type { ClusterDocument } from "./documents/cluster.ts";
import type { ClusterTemplateDocument, EnvironmentDocument } from "./documents/cluster-template.ts";
import type { Document, DocumentKind, Fleet } from "./documents.ts";
import type { Finding, FindingPath } from "./findings.ts";
import { DOCUMENTS_MAX } from "./limits.ts";
import { sortedBy } from "./order.ts";
import { declaredName, parseAs, parseDocument } from "./parse.ts";
import { findingAt, type Placed } from "./placed.ts";
import { checkTemplate, type ResolvedCluster, resolveEnvironment } from "./resolve.ts";
import { suggest } from "./suggest.ts";

export type ReadOptions = {
  /** The name of the Environment whose values fill the templates. */
  readonly environment: string;
  /** Allows what only makes sense on one machine, such as plain HTTP to loopback. */
  readonly development: boolean;
};

export type ReadFleet = {
  /** What was written, as far as it has the right shape, in the order of the inputs. */
  readonly documents: readonly Document[];
  /** What it comes to: templates resolved, sorted by name. */
  readonly fleet: Fleet;
  readonly findings: readonly Finding[];
  /** From a path inside a document of `fleet` to a path from the root of the inputs. */
  readonly locate: Locate;
};

export type Locate = (kind: DocumentKind, name: string, path: FindingPath) => FindingPath;

export function readFleet(inputs: readonly unknown[], options: ReadOptions): ReadFleet {
  if (inputs.length > DOCUMENTS_MAX) return tooManyDocuments(inputs.length);
  const { placed, findings: shapeFindings } = parseAll(inputs);
  const declared = inputs.flatMap((input, index): DeclaredName[] => {
    const found = declaredName(input);
    return found === undefined ? [] : [{ ...found, path: [index, "metadata", "name"] }];
  });
  const resolved = resolveClusters(placed, declared, options.environment);
  const clusters = [...ofKind(placed, "Cluster"), ...resolved.clusters];
  const resolvedNames = resolved.clusters.map(
    ({ document, locate }): DeclaredName => ({
      kind: "Cluster",
      name: document.metadata.name,
      path: locate(["metadata", "name"]),
    }),
  );
  const input: CheckInput = {
    regions: ofKind(placed, "Region"),
    services: ofKind(placed, "Service"),
    clusters,
    routes: ofKind(placed, "Route"),
    environments: ofKind(placed, "Environment"),
    flags: ofKind(placed, "Flag"),
    evaluators: ofKind(placed, "Evaluator"),
    policies: ofKind(placed, "Policy"),
    monitors: ofKind(placed, "Monitor"),
    webhooks: ofKind(placed, "Webhook"),
    declared: [...declared, ...resolvedNames],
    complete: shapeFindings.length === 0 && resolved.findings.length === 0,
    development: options.development,
  };
  return {
    documents: placed.map(({ document }) => document),
    fleet: toFleet(input),
    findings: distinct([...shapeFindings, ...resolved.findings, ...runChecks(input)]),
    locate: locator([...placed, ...resolved.clusters]),
  };
}

/** Most readers ask for nothing, so the table is made when somebody does. */
function locator(placed: readonly Placed[]): Locate {
  let byId: ReadonlyMap<string, Placed> | undefined;
  return (kind, name, path) => {
    byId ??= new Map(placed.map((one) => [`${one.document.kind}/${one.document.metadata.name}`, one]));
    return byId.get(`${kind}/${name}`)?.locate(path) ?? [];
  };
}

function parseAll(inputs: readonly unknown[]): { placed: readonly Placed[]; findings: readonly Finding[] } {
  const placed: Placed[] = [];
  const findings: Finding[] = [];
  for (const [index, input] of inputs.entries()) {
    const parsed = parseDocument(input, [index]);
    if (parsed.ok) placed.push({ document: parsed.document, locate: (path) => [index, ...path] });
    else findings.push(...parsed.findings);
  }
  return { placed, findings };
}

function ofKind<K extends DocumentKind>(
  placed: readonly Placed[],
  kind: K,
): readonly Placed<Extract<Document, { kind: K }>>[] {
  return placed.filter((one): one is Placed<Extract<Document, { kind: K }>> => one.document.kind === kind);
}

type ResolvedClusters = {
  readonly clusters: readonly Placed<ClusterDocument>[];
  readonly findings: readonly Finding[];
};

/** Every environment is read, so that a slip in production's values shows in development; one of them is used. */
function resolveClusters(
  placed: readonly Placed[],
  declared: readonly DeclaredName[],
  environment: string,
): ResolvedClusters {
  const templates = ofKind(placed, "ClusterTemplate");
  const environments = ofKind(placed, "Environment");
  const templateNames = new Set(declared.filter(({ kind }) => kind === "ClusterTemplate").map(({ name }) => name));
  const resolutions = environments.map((one) => ({
    used: one.document.metadata.name === environment,
    ...resolveEnvironment(one, templates, templateNames),
  }));
  const parsed = resolutions.filter(({ used }) => used).flatMap(({ clusters }) => clusters.map(parseResolved));
  return {
    clusters: parsed.flatMap(({ clusters }) => clusters),
    findings: [
      ...templates.flatMap(checkTemplate),
      ...resolutions.flatMap(({ findings }) => findings),
      ...unknownEnvironment(templates, environments, declared, environment),
      ...parsed.flatMap(({ findings }) => findings),
    ],
  };
}

function parseResolved({ value, locate, locateInTemplate, name }: ResolvedCluster): ResolvedClusters {
  const parsed = parseAs("Cluster", value, []);
  const where = { locate, resolvedName: name };
  if (!parsed.ok) {
    const findings = parsed.findings.map((problem) =>
      problem.code === "field.unknown"
        ? { ...problem, path: locateInTemplate(problem.path) }
        : findingAt(where, problem),
    );
    return { clusters: [], findings };
  }
  // `parseAs` read it with the schema of Cluster.
  return { clusters: [{ document: parsed.document as ClusterDocument, ...where }], findings: [] };
}

/** Without its environment a fleet of templates would be a fleet without clusters. */
function unknownEnvironment(
  templates: readonly Placed<ClusterTemplateDocument>[],
  environments: readonly Placed<EnvironmentDocument>[],
  declared: readonly DeclaredName[],
  environment: string,
): readonly Finding[] {
  const names = declared.filter(({ kind }) => kind === "Environment").map(({ name }) => name);
  const first = environments[0] ?? templates[0];
  if (first === undefined || names.includes(environment)) return [];
  const message = `there is no Environment "${environment}" to take values from`;
  const problem = { code: "environment.unknown", path: ["metadata", "name"], message } as const;
  return [findingAt(first, { ...problem, didYouMean: suggest(environment, names) })];
}

/** Two Policies are an error (`checks/limits.ts`), so of the first it may be said that it is the only one. */
function toFleet(input: CheckInput): Fleet {
  const { regions, services, clusters, routes, flags, evaluators, policies, monitors, webhooks } = input;
  const policy = policies[0]?.document;
  return {
    regions: documentsByName(regions),
    services: documentsByName(services),
    clusters: documentsByName(clusters),
    routes: documentsByName(routes),
    flags: documentsByName(flags),
    evaluators: documentsByName(evaluators),
    monitors: documentsByName(monitors),
    webhooks: documentsByName(webhooks),
    ...(policy === undefined ? {} : { policy }),
  };
}

function documentsByName<D extends { readonly metadata: { readonly name: string } }>(
  placed: readonly Placed<D>[],
): readonly D[] {
  return sortedBy(
    placed.map(({ document }) => document),
    ({ metadata }) => metadata.name,
  );
}

/** A slip in a template's own text is found once for each cluster that it makes; people need to read it once. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  const byText = new Map<string, Finding>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.path, finding.code, finding.message]);
    if (!byText.has(key)) byText.set(key, finding);
  }
  return [...byText.values()];
}

function tooManyDocuments(count: number): ReadFleet {
  const path: FindingPath = [DOCUMENTS_MAX];
  const message = `a fleet has at most ${DOCUMENTS_MAX} documents, not ${count}`;
  return {
    documents: [],
    fleet: {
      ...{ regions: [], services: [], clusters: [], routes: [] },
      ...{ flags: [], evaluators: [], monitors: [], webhooks: [] },
    },
    findings: [{ code: "limit.exceeded", severity: "error", path, message }],
    locate: () => [],
  };
}

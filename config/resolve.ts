/**
 * Templates and the values of one environment become plain Cluster documents: `${parameter}` is replaced, and nothing
 * else is computed, so that what is reviewed is what is written. What comes out is parsed like any other document
 * (`read-fleet.ts`); here it is only said what is wrong with parameters and values.
 */
import type {
  ClusterTemplateDocument,
  EnvironmentDocument,
  Parameter,
  ParameterValue,
} from "./documents/cluster-template.ts";
import { API_VERSION } from "./documents/envelope.ts";
import { type Finding, type FindingPath, jsonPointer } from "./findings.ts";
import { unreachable } from "./invariant.ts";
import { findingAt, type Placed } from "./placed.ts";
import { suggest } from "./suggest.ts";
import { findPlaceholders, type Placeholders, substitute } from "./template-text.ts";

export type ResolvedCluster = {
  readonly value: unknown;
  /** From a path in `value` to the value that stands there, or to the template's own text. */
  readonly locate: (path: FindingPath) => FindingPath;
  /** To the template's own text, for what no value can put right: a field that does not exist. */
  readonly locateInTemplate: (path: FindingPath) => FindingPath;
  readonly name: string;
};

export type Resolution = { readonly clusters: readonly ResolvedCluster[]; readonly findings: readonly Finding[] };

type Template = Placed<ClusterTemplateDocument>;
type Environment = Placed<EnvironmentDocument>;
type Parameters = ClusterTemplateDocument["spec"]["parameters"];

/** The clusters of one environment. A cluster with a wrong value is left out; its findings say why. */
export function resolveEnvironment(
  environment: Environment,
  templates: readonly Template[],
  templateNames: ReadonlySet<string>,
): Resolution {
  const byName = new Map(templates.map((template) => [template.document.metadata.name, template]));
  const clusters: ResolvedCluster[] = [];
  const findings: Finding[] = [];
  for (const [index, entry] of environment.document.spec.clusters.entries()) {
    const template = byName.get(entry.template);
    if (template !== undefined) {
      const outcome = resolveEntry(environment, index, template);
      findings.push(...outcome.findings);
      clusters.push(...outcome.clusters);
    } else if (!templateNames.has(entry.template)) {
      findings.push(
        findingAt(environment, {
          code: "reference.unknown",
          path: ["spec", "clusters", index, "template"],
          message: `there is no ClusterTemplate ${quote(entry.template)}`,
          didYouMean: suggest(entry.template, templateNames),
        }),
      );
    }
  }
  return { clusters, findings: [...findings, ...unusedSharedValues(environment, byName)] };
}

type Binding = { readonly value: ParameterValue; readonly path: FindingPath };

function resolveEntry(environment: Environment, index: number, template: Template): Resolution {
  const parameters = template.document.spec.parameters;
  const bindings = bind(environment, index, template);
  const findings = [
    ...unknownValues(environment, index, template),
    ...missingValues(environment, index, parameters, bindings),
    ...mistypedValues(parameters, bindings),
  ];
  const { cluster } = template.document.spec;
  const placeholders = findPlaceholders(cluster);
  const usable = placeholders.every(({ malformed, names }) => !malformed && names.every((name) => bindings.has(name)));
  if (findings.length > 0 || !usable) return { clusters: [], findings };

  const values = new Map([...bindings].map(([name, { value }]) => [name, value]));
  const resolved = substitute(cluster, values);
  const name = nameIn(resolved) ?? `${index + 1} of Environment ${environment.document.metadata.name}`;
  // What the template holds has an object at its root, and so has what was substituted in it.
  const value = { apiVersion: API_VERSION, kind: "Cluster", ...(resolved as object) };
  const locateInTemplate = (path: FindingPath) => template.locate(["spec", "cluster", ...path]);
  const locate = locator(locateInTemplate, placeholders, bindings);
  return { clusters: [{ value, name, locate, locateInTemplate }], findings };
}

/** The nearest value wins: the cluster's own, then the environment's, then the template's default. */
function bind(environment: Environment, index: number, template: Template): ReadonlyMap<string, Binding> {
  const { values: shared = {}, clusters } = environment.document.spec;
  const own = clusters[index]?.values ?? {};
  const bindings = new Map<string, Binding>();
  for (const [name, parameter] of Object.entries(template.document.spec.parameters)) {
    const binding = ownBinding(own, name, environment.locate(["spec", "clusters", index, "values", name]));
    const inherited = ownBinding(shared, name, environment.locate(["spec", "values", name]));
    const fallback: Binding | undefined =
      parameter.default === undefined
        ? undefined
        : { value: parameter.default, path: template.locate(["spec", "parameters", name, "default"]) };
    const chosen = binding ?? inherited ?? fallback;
    if (chosen !== undefined) bindings.set(name, chosen);
  }
  return bindings;
}

/** Parameters may be called `constructor`; only what was written counts. */
function ownBinding(
  values: Readonly<Record<string, ParameterValue>>,
  name: string,
  path: FindingPath,
): Binding | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  return value === undefined ? undefined : { value, path };
}

function unknownValues(environment: Environment, index: number, template: Template): Finding[] {
  const parameters = template.document.spec.parameters;
  const own = environment.document.spec.clusters[index]?.values ?? {};
  return Object.keys(own)
    .filter((name) => !Object.hasOwn(parameters, name))
    .map((name) =>
      findingAt(environment, {
        code: "parameter.unknown",
        path: ["spec", "clusters", index, "values", name],
        message: `ClusterTemplate ${quote(template.document.metadata.name)} has no parameter ${quote(name)}`,
        didYouMean: suggest(name, Object.keys(parameters)),
      }),
    );
}

function missingValues(
  environment: Environment,
  index: number,
  parameters: Parameters,
  bindings: ReadonlyMap<string, Binding>,
): Finding[] {
  return Object.keys(parameters)
    .filter((name) => !bindings.has(name))
    .map((name) =>
      findingAt(environment, {
        code: "parameter.missing",
        path: ["spec", "clusters", index, "values"],
        message: `the parameter ${quote(name)} has no value here, none for the whole environment and no default`,
      }),
    );
}

function mistypedValues(parameters: Parameters, bindings: ReadonlyMap<string, Binding>): Finding[] {
  return Object.entries(parameters).flatMap(([name, { type }]) => {
    const binding = bindings.get(name);
    if (binding === undefined || hasType(binding.value, type)) return [];
    const message = `the parameter ${quote(name)} takes ${describeType(type)}, not ${JSON.stringify(binding.value)}`;
    return [{ code: "parameter.type", severity: "error", path: binding.path, message } satisfies Finding];
  });
}

/** A shared value that no template of this environment takes is a leftover or a typo. */
function unusedSharedValues(environment: Environment, templates: ReadonlyMap<string, Template>): Finding[] {
  const { values = {}, clusters } = environment.document.spec;
  const taken = clusters.flatMap(({ template }) =>
    Object.keys(templates.get(template)?.document.spec.parameters ?? {}),
  );
  return Object.keys(values)
    .filter((name) => !taken.includes(name))
    .map((name) =>
      findingAt(environment, {
        code: "parameter.unused",
        path: ["spec", "values", name],
        message: `no template of this environment has a parameter ${quote(name)}`,
        didYouMean: suggest(name, taken),
      }),
    );
}

/** What is wrong with a template by itself, whatever the values. */
export function checkTemplate(template: Template): readonly Finding[] {
  const { parameters, cluster } = template.document.spec;
  const placeholders = findPlaceholders(cluster);
  const used = new Set(placeholders.flatMap(({ names }) => names));
  const undeclared = placeholders.flatMap(({ path, names }) =>
    names
      .filter((name) => !Object.hasOwn(parameters, name))
      .map((name) =>
        findingAt(template, {
          code: "parameter.undeclared",
          path: ["spec", "cluster", ...path],
          message: `the template does not declare a parameter ${quote(name)}`,
          didYouMean: suggest(name, Object.keys(parameters)),
        }),
      ),
  );
  const malformed = placeholders
    .filter((found) => found.malformed)
    .map(({ path }) =>
      findingAt(template, {
        code: "parameter.malformed",
        path: ["spec", "cluster", ...path],
        message: "a placeholder is a dollar sign and a camelCase name in braces",
      }),
    );
  const unused = Object.keys(parameters)
    .filter((name) => !used.has(name))
    .map((name) =>
      findingAt(template, {
        code: "parameter.unused",
        path: ["spec", "parameters", name],
        message: `the parameter ${quote(name)} is declared but not used in the template`,
      }),
    );
  return [...undeclared, ...malformed, ...unused, ...mistypedDefaults(template)];
}

function mistypedDefaults(template: Template): Finding[] {
  return Object.entries(template.document.spec.parameters)
    .filter(([, { type, default: value }]) => value !== undefined && !hasType(value, type))
    .map(([name, { type, default: value }]) =>
      findingAt(template, {
        code: "parameter.type",
        path: ["spec", "parameters", name, "default"],
        message: `the parameter ${quote(name)} takes ${describeType(type)}, not ${JSON.stringify(value)}`,
      }),
    );
}

function hasType(value: ParameterValue, type: Parameter["type"]): boolean {
  return type === "integer" ? typeof value === "number" : typeof value === type;
}

function describeType(type: Parameter["type"]): string {
  switch (type) {
    case "string":
      return "text";
    case "integer":
      return "a whole number";
    case "boolean":
      return "true or false";
    default:
      return unreachable(type);
  }
}

/** A finding in text that a parameter filled points at the parameter's value, everything else at the template. */
function locator(
  locateInTemplate: (path: FindingPath) => FindingPath,
  placeholders: readonly Placeholders[],
  bindings: ReadonlyMap<string, Binding>,
): (path: FindingPath) => FindingPath {
  const byPointer = new Map(placeholders.map(({ path, names }) => [jsonPointer(path), names[0]]));
  return (path) => {
    const parameter = byPointer.get(jsonPointer(path));
    const binding = parameter === undefined ? undefined : bindings.get(parameter);
    return binding?.path ?? locateInTemplate(path);
  };
}

function nameIn(resolved: unknown): string | undefined {
  if (typeof resolved !== "object" || resolved === null || !("metadata" in resolved)) return undefined;
  const { metadata } = resolved;
  if (typeof metadata !== "object" || metadata === null || !("name" in metadata)) return undefined;
  return typeof metadata.name === "string" ? metadata.name : undefined;
}

function quote(name: string): string {
  return JSON.stringify(name);
}

/**
 * Expressions of targeting, held to what the edge can run before anybody commits them: operators that exist, with as
 * many arguments as they take, within bounds. An edge would answer PARSE_ERROR for what is refused here, to every client.
 */
import type { FindingCode, FindingPath } from "../findings.ts";
import {
  FLAG_OPERATORS,
  type FlagOperator,
  FRACTION_WEIGHT_MAX,
  isFlagOperator,
  REFERENCE,
  SEM_VER_OPERATORS,
} from "../flag-operators.ts";
import { FLAG_LOGIC_DEPTH_MAX } from "../limits.ts";
import { shown } from "../messages.ts";
import { parseSemVer } from "../sem-ver.ts";
import { suggest } from "../suggest.ts";

export type LogicProblem = {
  readonly code: FindingCode;
  readonly path: FindingPath;
  readonly message: string;
  readonly didYouMean?: string | undefined;
};

type LogicContext = {
  /** Undefined inside of an evaluator, which refers to nobody. */
  readonly evaluators: ReadonlySet<string> | undefined;
};

/** Everything that is wrong with an expression; `path` is its place in its document. */
export function problemsOfLogic(logic: unknown, path: FindingPath, context: LogicContext): readonly LogicProblem[] {
  return problemsOf(logic, path, context, 0);
}

function problemsOf(value: unknown, path: FindingPath, context: LogicContext, depth: number): LogicProblem[] {
  if (typeof value !== "object" || value === null) return [];
  if (depth >= FLAG_LOGIC_DEPTH_MAX)
    return [problem("limit.exceeded", path, `targeting is nested at most ${FLAG_LOGIC_DEPTH_MAX} levels deep`)];
  if (Array.isArray(value)) return problemsOfList(value, path, context, depth);
  const [operator, ...others] = Object.keys(value);
  if (operator === undefined || others.length > 0) {
    const has = operator === undefined ? "none" : [operator, ...others].join(", ");
    return [
      problem("flag.arguments", path, `an expression is an object with exactly one operator, and this has ${has}`),
    ];
  }
  const operand: unknown = (value as Readonly<Record<string, unknown>>)[operator]; // one of its own keys
  const at = [...path, operator];
  if (operator === REFERENCE) return problemsOfReference(operand, at, context);
  if (!isFlagOperator(operator)) return [unknownOperator(operator, at)];
  const list = Array.isArray(operand) ? operand : [operand];
  return [
    ...problemsOfArity(operator, operand, at),
    ...problemsOfArguments(operator, list, Array.isArray(operand) ? at : undefined, at),
    ...problemsOf(operand, at, context, depth + 1),
  ];
}

function problemsOfList(list: readonly unknown[], path: FindingPath, context: LogicContext, depth: number) {
  return list.flatMap((item, index) => problemsOf(item, [...path, index], context, depth + 1));
}

function problem(code: FindingCode, path: FindingPath, message: string, didYouMean?: string): LogicProblem {
  return { code, path, message, ...(didYouMean === undefined ? {} : { didYouMean }) };
}

function unknownOperator(operator: string, path: FindingPath): LogicProblem {
  const names = [...Object.keys(FLAG_OPERATORS), REFERENCE];
  const message = `${shown(operator)} is not an operator of targeting: there are ${names.join(", ")}`;
  return problem("flag.operator", path, message, suggest(operator, names));
}

function problemsOfReference(name: unknown, path: FindingPath, { evaluators }: LogicContext): LogicProblem[] {
  if (typeof name !== "string")
    return [problem("flag.arguments", path, `"${REFERENCE}" is the name of an Evaluator, not ${shown(name)}`)];
  if (evaluators === undefined)
    return [problem("flag.arguments", path, "an Evaluator cannot refer to another one: write out what that one says")];
  if (evaluators.has(name)) return [];
  return [problem("reference.unknown", path, `there is no Evaluator ${shown(name)}`, suggest(name, evaluators))];
}

/** These also take their one argument without a list around it. */
const BARE: ReadonlySet<FlagOperator> = new Set(["!", "!!", "var"]);

function problemsOfArity(operator: FlagOperator, operand: unknown, path: FindingPath): LogicProblem[] {
  const { min, max } = FLAG_OPERATORS[operator];
  if (!Array.isArray(operand)) {
    if (BARE.has(operator)) return [];
    return [problem("flag.arguments", path, `"${operator}" takes a list of arguments, not ${shown(operand)}`)];
  }
  if (operand.length >= min && operand.length <= max) return [];
  const count =
    min === max ? `exactly ${min}` : max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
  const noun = max === 1 || (min === 1 && max === Number.POSITIVE_INFINITY) ? "argument" : "arguments";
  return [problem("flag.arguments", path, `"${operator}" takes ${count} ${noun}, not ${operand.length}`)];
}

/** `listPath` is undefined when the argument stands there without a list. */
function problemsOfArguments(
  operator: FlagOperator,
  list: readonly unknown[],
  listPath: FindingPath | undefined,
  path: FindingPath,
): LogicProblem[] {
  const at = (index: number): FindingPath => (listPath === undefined ? path : [...listPath, index]);
  switch (operator) {
    case "var":
      return problemsOfVar(list[0], at(0));
    case "sem_ver":
      return list.length === 3 ? problemsOfSemVer(list, at) : [];
    case "fractional":
      return listPath === undefined ? [] : problemsOfFractional(list, listPath);
    default:
      return [];
  }
}

const FLAGD_VARS = ["$flagd.flagKey", "$flagd.timestamp"];

function problemsOfVar(name: unknown, path: FindingPath): LogicProblem[] {
  if (typeof name !== "string" || name === "")
    return [
      problem("flag.arguments", path, '"var" takes the name of a part of the context, as "country" or "user.plan"'),
    ];
  if (!name.startsWith("$flagd") || FLAGD_VARS.includes(name)) return [];
  return [problem("flag.arguments", path, `there are ${FLAGD_VARS.join(" and ")}`, suggest(name, FLAGD_VARS))];
}

function problemsOfSemVer(list: readonly unknown[], at: (index: number) => FindingPath): LogicProblem[] {
  const [left, operator, right] = list;
  const known: readonly unknown[] = SEM_VER_OPERATORS;
  const operators = known.includes(operator)
    ? []
    : [
        problem(
          "flag.version",
          at(1),
          `"sem_ver" compares by one of ${SEM_VER_OPERATORS.join(" ")}, not ${shown(operator)}`,
          typeof operator === "string" ? nearOperator(operator) : undefined,
        ),
      ];
  const versions = [left, right].flatMap((version, index) =>
    typeof version === "object" || parseSemVer(version) !== undefined
      ? []
      : [problem("flag.version", at(2 * index), `${shown(version)} is not a version, as 2.1.0 or v3`)],
  );
  return [...operators, ...versions];
}

/** What people write of other languages. */
function nearOperator(operator: string): string | undefined {
  const same: Readonly<Record<string, string>> = {
    "==": "=",
    "===": "=",
    "!==": "!=",
    "=>": ">=",
    "=<": "<=",
    "<>": "!=",
  };
  return Object.hasOwn(same, operator) ? same[operator] : undefined;
}

function problemsOfFractional(list: readonly unknown[], path: FindingPath): LogicProblem[] {
  const keyed = !Array.isArray(list[0]);
  const arms = list.slice(keyed ? 1 : 0);
  const first = keyed && typeof list[0] !== "string" && (typeof list[0] !== "object" || list[0] === null);
  const key = first
    ? [
        problem(
          "flag.arguments",
          [...path, 0],
          `"fractional" buckets by text, or by an expression that gives some, not ${shown(list[0])}`,
        ),
      ]
    : [];
  if (arms.length === 0) return [...key, problem("flag.arguments", path, '"fractional" needs a share, as ["on", 25]')];
  const shapes = arms.flatMap((arm, index) => problemsOfArm(arm, [...path, index + (keyed ? 1 : 0)]));
  const total = arms.reduce<number>((sum, arm) => sum + literalWeight(arm), 0);
  if (total <= FRACTION_WEIGHT_MAX) return [...key, ...shapes];
  return [
    ...key,
    ...shapes,
    problem("flag.arguments", path, `the weights of "fractional" sum to at most ${FRACTION_WEIGHT_MAX}`),
  ];
}

function problemsOfArm(arm: unknown, path: FindingPath): LogicProblem[] {
  if (!Array.isArray(arm) || arm.length === 0 || arm.length > 2)
    return [
      problem("flag.arguments", path, `a share is a list of a variant and a weight, as ["on", 25], not ${shown(arm)}`),
    ];
  const [variant, weight = 1] = arm;
  const variants = Array.isArray(variant)
    ? [problem("flag.arguments", [...path, 0], "a share names one variant, not a list")]
    : [];
  const isExpression = typeof weight === "object" && weight !== null && !Array.isArray(weight);
  if (isExpression || (Number.isInteger(weight) && weight >= 0)) return variants;
  return [
    ...variants,
    problem("flag.arguments", [...path, 1], `a weight is a whole number from 0 on, not ${shown(weight)}`),
  ];
}

function literalWeight(arm: unknown): number {
  const weight: unknown = Array.isArray(arm) ? (arm[1] ?? 1) : 0;
  return typeof weight === "number" && weight > 0 ? weight : 0;
}

/** JSONPath as far as readiness is asked for with it: names, indexes, wildcards, descent and filters that compare (RFC 9535). */
import { UserError } from "../../../common/errors.ts";
import { isJsonObject, type Json } from "../manifest.ts";

type Step = (values: readonly Json[]) => Json[];

const children = (value: Json): readonly Json[] =>
    Array.isArray(value) ? value : isJsonObject(value) ? (Object.values(value) as Json[]) : [];

const descendants = (value: Json): Json[] => [value, ...children(value).flatMap(descendants)];

function named(name: string): Step {
    return (values) => values.flatMap((value) => (isJsonObject(value) && value[name] !== undefined ? [value[name] as Json] : []));
}

function indexed(index: number): Step {
    return (values) => values.flatMap((value) => (Array.isArray(value) ? ((value as readonly Json[]).at(index) ?? []) : []) as Json[]);
}

const all: Step = (values) => values.flatMap(children);

const TOKEN =
    /^(?:(\.\.)|\.?\[\s*(?:(-?\d+)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\*)|\?\(?((?:[^[\]'"]|'[^']*'|"[^"]*"|\[[^\]]*\])*?)\)?)\s*\]|\.?(\*)|\.?([\p{L}_][\p{L}\p{N}_-]*))/u;

/** @throws UserError naming the part that cannot be read */
export function parseJsonPath(path: string): readonly Step[] {
    const steps: Step[] = [];
    let rest = path.trim().replace(/^\$/, "");
    while (rest) {
        const match = TOKEN.exec(rest);
        if (!match) throw new UserError(`pulumi.com/waitFor: the JSONPath ${path} cannot be read at "${rest}"`);
        const [text, descent, index, single, double, star, filter, dotStar, name] = match;
        const key = single ?? double ?? name;
        if (descent) steps.push((values) => values.flatMap(descendants));
        else if (index !== undefined) steps.push(indexed(Number(index)));
        else if (star || dotStar) steps.push(all);
        else if (filter !== undefined) steps.push(filtered(filter, path));
        else if (key !== undefined) steps.push(named(key.replace(/\\(.)/g, "$1")));
        rest = rest.slice(text.length);
    }
    return steps;
}

export function selectJsonPath(steps: readonly Step[], root: Json): Json[] {
    return steps.reduce<Json[]>((values, step) => step(values), [root]);
}

const COMPARISON = /^\s*@(.*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?))?\s*$/s;

function filtered(text: string, path: string): Step {
    const match = COMPARISON.exec(text);
    if (!match)
        throw new UserError(`pulumi.com/waitFor: the JSONPath ${path} has a filter that is not supported: expected ?(@.name == 'value')`);
    const [, inner = "", operator, literal] = match;
    const steps = parseJsonPath(inner);
    const wanted = literal === undefined ? undefined : literalValue(literal, path);
    const matches = (value: Json): boolean => {
        const [found] = selectJsonPath(steps, value);
        if (operator === undefined) return found !== undefined;
        return found !== undefined && compare(found, operator, wanted as Json);
    };
    return (values) => values.flatMap((value) => children(value).filter(matches));
}

function literalValue(text: string, path: string): Json {
    const quoted = /^(['"])(.*)\1$/s.exec(text);
    if (quoted) return (quoted[2] ?? "").replace(/\\(.)/g, "$1");
    try {
        return JSON.parse(text) as Json;
    } catch {
        throw new UserError(`pulumi.com/waitFor: the JSONPath ${path} compares with ${text}, which is neither a number nor a quoted text`);
    }
}

function compare(left: Json, operator: string, right: Json): boolean {
    if (operator === "==") return left === right;
    if (operator === "!=") return left !== right;
    if (typeof left !== typeof right || left === null || right === null) return false;
    if (operator === "<") return left < right;
    if (operator === ">") return left > right;
    return operator === "<=" ? left <= right : left >= right;
}

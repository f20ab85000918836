/** The annotation `pulumi.com/waitFor`: `condition=Ready`, `jsonpath={.status.phase}=Running`, or a JSON array of such. */
import { UserError } from "../../../common/errors.ts";
import { numberAt, type Json, type Manifest } from "../manifest.ts";
import { parseJsonPath, selectJsonPath } from "./jsonpath.ts";
import { condition, isObserved, READY, waiting, type Rule, type Verdict } from "./verdict.ts";

type Judge = (object: Manifest) => Verdict;

/** @throws UserError for an expression that cannot be read */
export function expressionRule(annotation: string): Rule {
    const judges = expressions(annotation).map(judgeOf);
    return {
        judge(object) {
            const verdicts = judges.map((judge) => judge(object)).filter(({ state }) => state !== "ready");
            return verdicts[0] ?? READY;
        },
    };
}

function expressions(annotation: string): string[] {
    let parsed: unknown;
    try {
        parsed = JSON.parse(annotation);
    } catch {
        return [annotation];
    }
    if (!Array.isArray(parsed) || !parsed.length || !parsed.every((entry) => typeof entry === "string")) {
        throw new UserError(`pulumi.com/waitFor is ${annotation}: expected one expression, or a JSON array of at least one`);
    }
    return parsed as string[];
}

function judgeOf(expression: string): Judge {
    if (expression.startsWith("condition=")) return conditionJudge(expression.slice("condition=".length));
    if (expression.startsWith("jsonpath=")) return jsonPathJudge(expression.slice("jsonpath=".length));
    throw new UserError(
        `pulumi.com/waitFor is "${expression}": expected "condition=TYPE", "condition=TYPE=STATUS", "jsonpath={.path}" or "jsonpath={.path}=VALUE"`,
    );
}

function conditionJudge(text: string): Judge {
    const [type = "", status = "True"] = text.split("=");
    if (!type) throw new UserError(`pulumi.com/waitFor is "condition=${text}": the condition's type is missing`);
    return (object) => {
        const found = condition(object, type);
        if (!found) return waiting(`for the condition ${type}`);
        const seen =
            typeof found["observedGeneration"] === "number"
                ? found["observedGeneration"]
                : numberAt(object, "status", "observedGeneration");
        if (seen && seen < (object.metadata.generation ?? 0)) return waiting("for the controller to take it up");
        if (found.status.toLowerCase() === status.toLowerCase()) return READY;
        const why = [found.reason, found.message].filter(Boolean).join(": ");
        return waiting(`for the condition ${type}=${status}, now ${found.status}${why ? ` (${why})` : ""}`);
    };
}

function jsonPathJudge(text: string): Judge {
    const match = /^\{\s*(.*?)\s*\}(?:=(.*))?$/s.exec(text);
    if (!match || match[2] === "") throw new UserError(`pulumi.com/waitFor is "jsonpath=${text}": expected {.path} or {.path}=VALUE`);
    const [, path = "", value] = match;
    const steps = parseJsonPath(path);
    return (object) => {
        if (numberAt(object, "status", "observedGeneration") && !isObserved(object)) return waiting("for the controller to take it up");
        const [found] = selectJsonPath(steps, object as Json);
        if (found === undefined) return waiting(`for ${path}`);
        if (value === undefined) return READY;
        if (typeof found === "object" && found !== null)
            throw new UserError(`pulumi.com/waitFor compares ${path} with a text, but it is an object or a list`);
        return String(found) === value ? READY : waiting(`for ${path} to be ${value}, now ${String(found)}`);
    };
}

/** Judging whether objects have become what they are meant to be: pure functions over what the server shows. */
import { at, listAt, numberAt, stringAt, type Json, type JsonObject, type Manifest } from "../manifest.ts";

export type Verdict =
    | { readonly state: "ready" }
    /** `text` says what is missing: "1 of 2 pods available". */
    | { readonly state: "waiting"; readonly text: string }
    /** Ready if nothing changes for so long: nothing would say that it is finished. */
    | { readonly state: "settling"; readonly text: string; readonly ms: number }
    /** Will not get better by waiting. */
    | { readonly state: "failed"; readonly text: string };

export const READY: Verdict = { state: "ready" };
export const waiting = (text: string): Verdict => ({ state: "waiting", text });
export const failed = (text: string): Verdict => ({ state: "failed", text });

/** Other objects that a verdict needs, by the name that a kind's rule gives them. */
export type Related = Readonly<Record<string, readonly Manifest[]>>;

export interface RelatedKind {
    readonly apiVersion: string;
    readonly kind: string;
}

/** How a kind is awaited. */
export interface Rule {
    /** What is to be watched beside the object itself, all the time. */
    related?(object: Manifest): Readonly<Record<string, RelatedKind>>;
    judge(object: Manifest, related: Related): Verdict;
    /** Which pods of its namespace explain why it takes long, once it does. */
    pods?(object: Manifest): ((pod: Manifest) => boolean) | undefined;
}

export interface Condition extends JsonObject {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
}

export function condition(object: Json | undefined, type: string): Condition | undefined {
    return (listAt(object, "status", "conditions") as readonly Condition[]).find(
        (entry) => entry.type?.toLowerCase() === type.toLowerCase(),
    );
}

/** Whether the controller has seen the object as it is: before that its status speaks of an earlier one. */
export function isObserved(object: Manifest): boolean {
    return numberAt(object, "status", "observedGeneration") >= (object.metadata.generation ?? 0);
}

/** Whether a label selector object (`matchLabels`, `matchExpressions`) selects an object. An empty one selects nothing here. */
export function selects(selector: Json | undefined, object: Manifest): boolean {
    const labels = object.metadata.labels ?? {};
    const wanted = Object.entries((at(selector, "matchLabels") ?? {}) as Record<string, string>);
    const expressions = listAt(selector, "matchExpressions");
    if (!wanted.length && !expressions.length) return false;
    return wanted.every(([key, value]) => labels[key] === value) && expressions.every((expression) => matches(expression, labels));
}

function matches(expression: Json, labels: Readonly<Record<string, string>>): boolean {
    const value = labels[stringAt(expression, "key")];
    const listed = value !== undefined && listAt(expression, "values").includes(value);
    const operator = stringAt(expression, "operator");
    if (operator === "In") return listed;
    if (operator === "NotIn") return !listed;
    return operator === "Exists" ? value !== undefined : value === undefined;
}

/** Told apart by the selector of a workload. */
export const podsOfSelector = (object: Manifest): ((pod: Manifest) => boolean) => {
    const selector = at(object, "spec", "selector");
    return (pod) => selects(selector, pod);
};

/** Judging whether objects have become what they are meant to be: pure functions over what the server shows. */
import { listAt, numberAt, stringAt, type Json, type JsonObject, type Manifest } from "../manifest.ts";

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
    readonly labelSelector?: string;
    readonly fieldSelector?: string;
}

/** How a kind is awaited. */
export interface Rule {
    /** What is to be watched beside the object itself, all the time. */
    related?(object: Manifest): Readonly<Record<string, RelatedKind>>;
    judge(object: Manifest, related: Related): Verdict;
    /** The label selector of the pods that explain why it takes long, once it does. */
    pods?(object: Manifest): string | undefined;
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

/** A label selector object (`matchLabels`, `matchExpressions`) as the text of a query. */
export function selectorText(selector: Json | undefined): string | undefined {
    const parts: string[] = [];
    const labels = (selector as JsonObject | undefined)?.["matchLabels"];
    for (const [key, value] of Object.entries((labels ?? {}) as Record<string, string>)) parts.push(`${key}=${value}`);
    for (const expression of listAt(selector, "matchExpressions")) {
        const key = stringAt(expression, "key");
        const values = listAt(expression, "values").join(",");
        const operator = stringAt(expression, "operator");
        parts.push(
            operator === "In"
                ? `${key} in (${values})`
                : operator === "NotIn"
                  ? `${key} notin (${values})`
                  : operator === "Exists"
                    ? key
                    : `!${key}`,
        );
    }
    return parts.length ? parts.join(",") : undefined;
}

export const podsOfSelector = (object: Manifest): string | undefined =>
    selectorText((object["spec"] as JsonObject | undefined)?.["selector"]);

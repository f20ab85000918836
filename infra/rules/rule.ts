/** What a rule over several settings is, and the words its sentences are made of. */
import type { Settings } from "../schema/settings.ts";
import { isFound } from "../sentences.ts";

/** One thing that is wrong. Its sentence is the key at `path`, what was found there, and the fix. */
export interface Problem {
    /** From the project's settings to the value that is to be changed. */
    readonly path: readonly (string | number)[];
    /** What was found, after the key; default: the value at the path. */
    readonly found?: string;
    /** What to write instead, and why, without a final dot. */
    readonly fix: string;
}

/** What is known of settings beside their values. */
export interface RuleContext {
    /** The keys that have an encrypted value in them, without the project's name. */
    readonly secretKeys: ReadonlySet<string>;
}

/** A rule that one setting alone cannot break. */
export interface Rule {
    /** Names the rule in tests. */
    readonly id: string;
    /** The settings that it reads, and no others: it is not asked when one of them is wrong in itself. */
    readonly keys: readonly (keyof Settings)[];
    /** The rule in a sentence, for the reference. */
    readonly says: string;
    readonly check: (settings: Settings, context: RuleContext) => readonly Problem[];
}

/** The problem, if the condition holds. */
export const when = (condition: boolean, problem: Problem): readonly Problem[] => (condition ? [problem] : []);

/** Found at the key, and found at another that does not go with it. */
export const beside = (value: unknown, other: string, otherValue: unknown): string =>
    `${isFound(value)}, and ${other} ${isFound(otherValue)}`;

/** The values that occur more than once, each with the places it occurs at. */
export function repeated<Value>(values: readonly (readonly [value: Value, at: number])[]): readonly (readonly [Value, number, number])[] {
    const first = new Map<Value, number>();
    return values.flatMap(([value, at]) => {
        const before = first.get(value);
        if (before === undefined) first.set(value, at);
        return before === undefined || before === at ? [] : [[value, before, at] as const];
    });
}

/** The environment with every problem at once. */

/** Environment variables a process cannot start with; the message has one line per problem. */
export class VariableProblem extends Error {
    override readonly name = "VariableProblem";
}

export interface Variables {
    /** A text; an empty one counts as not set. */
    text(name: string, fallback: string): string;
    /** A whole number within bounds. */
    whole(name: string, fallback: number, least: number, most: number): number;
    /** Seconds, fractions allowed; returns milliseconds. */
    seconds(name: string, fallback: number): number;
    /** A comma separated list in lower case; empty when not set. */
    list(name: string): readonly string[];
    /** Notes a problem of another kind. */
    problem(text: string): void;
    /** @throws VariableProblem when there was any. */
    done(): void;
}

export function readVariables(env: NodeJS.ProcessEnv): Variables {
    const problems: string[] = [];
    const number = (name: string, fallback: number, good: (value: number) => boolean, wanted: string): number => {
        const text = env[name];
        if (!text) return fallback;
        const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
        if (good(value)) return value;
        problems.push(`${name} is "${text}"; it must be ${wanted} (default ${fallback})`);
        return fallback;
    };
    return {
        text: (name, fallback) => env[name] || fallback,
        whole: (name, fallback, least, most) =>
            number(name, fallback, (v) => Number.isInteger(v) && v >= least && v <= most, `a whole number from ${least} to ${most}`),
        seconds: (name, fallback) => 1000 * number(name, fallback, (v) => v >= 0 && v <= 86_400, "a number of seconds from 0 to 86400"),
        list: (name) =>
            (env[name] ?? "")
                .split(",")
                .map((part) => part.trim().toLowerCase())
                .filter(Boolean),
        problem: (text) => void problems.push(text),
        done: () => {
            if (problems.length) throw new VariableProblem(problems.join("\n"));
        },
    };
}

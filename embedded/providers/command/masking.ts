/** Shorter values are left alone: replacing every "1" or "yes" would hide nothing and garble everything. */
const SHORTEST = 5;
/** Of a document on standard input only values that are too long to be ordinary words. */
const SHORTEST_LEAF = 16;

function leaves(value: unknown): string[] {
    if (typeof value === "string") return [value, ...value.split("\n")].filter((text) => text.length >= SHORTEST_LEAF);
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [];
}

/** The long texts inside a JSON document; none when it is not one. */
function documentLeaves(stdin: string): string[] {
    if (!/^\s*[[{]/.test(stdin)) return [];
    try {
        return leaves(JSON.parse(stdin));
    } catch {
        return [];
    }
}

/**
 * A function that takes out of a text what may be secret: the standard input, each of its lines, the long values of the
 * JSON document that it may be, and the values of the environment, which become `[stdin]` and `[NAME]`.
 */
export function masker(stdin: string, environment: Readonly<Record<string, string>>): (text: string) => string {
    const hidden = [
        ...[stdin, ...stdin.split("\n"), ...documentLeaves(stdin)].map((value) => ({ value: value.trim(), label: "[stdin]" })),
        ...Object.entries(environment).flatMap(([name, text]) =>
            [text, ...text.split("\n")].map((value) => ({ value: value.trim(), label: `[${name}]` })),
        ),
    ];
    const longestFirst = hidden.filter(({ value }) => value.length >= SHORTEST).toSorted((a, b) => b.value.length - a.value.length);
    return (text) => longestFirst.reduce((masked, { value, label }) => masked.replaceAll(value, label), text);
}

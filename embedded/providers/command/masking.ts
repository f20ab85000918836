/** Shorter values are left alone: replacing every "1" or "yes" would hide nothing and garble everything. */
const SHORTEST = 5;

/**
 * A function that takes out of a text what may be secret: the standard input, each of its lines, and the values of the
 * environment, which become `[stdin]` and `[NAME]`.
 */
export function masker(stdin: string, environment: Readonly<Record<string, string>>): (text: string) => string {
    const hidden = [
        ...[stdin, ...stdin.split("\n")].map((value) => ({ value: value.trim(), label: "[stdin]" })),
        ...Object.entries(environment).map(([name, value]) => ({ value: value.trim(), label: `[${name}]` })),
    ];
    const longestFirst = hidden.filter(({ value }) => value.length >= SHORTEST).toSorted((a, b) => b.value.length - a.value.length);
    return (text) => longestFirst.reduce((masked, { value, label }) => masked.replaceAll(value, label), text);
}

/** Replaces single values inside JSON text and leaves every other character as it is. */

export interface Edit {
    /** Member names from the outermost object inwards. */
    readonly path: readonly string[];
    /** JSON text of the new value. */
    readonly value: string;
}

/**
 * Replaces the values at some paths; a path that does not exist changes nothing.
 * @param text valid JSON: it must have been parsed before
 */
export function splice(text: string, edits: readonly Edit[]): string {
    const spans = edits.flatMap(({ path, value }) => {
        const span = spanOf(text, path);
        return span ? [{ span, value }] : [];
    });
    spans.sort((a, b) => b.span[0] - a.span[0]);
    let result = text;
    for (const { span, value } of spans) result = result.slice(0, span[0]) + value + result.slice(span[1]);
    return result;
}

/** Where the value at a path begins and ends. Of equal names the last one counts, as for JSON.parse. */
function spanOf(text: string, path: readonly string[]): readonly [number, number] | undefined {
    let at = skipSpace(text, 0);
    let span: readonly [number, number] | undefined;
    for (const name of path) {
        if (text[at] !== "{") return undefined;
        span = memberOf(text, at, name);
        if (!span) return undefined;
        at = span[0];
    }
    return span;
}

function memberOf(text: string, open: number, wanted: string): readonly [number, number] | undefined {
    let found: readonly [number, number] | undefined;
    for (let at = skipSpace(text, open + 1); text[at] === '"';) {
        const nameEnd = endOfString(text, at);
        const name = JSON.parse(text.slice(at, nameEnd)) as string;
        const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
        const end = endOfValue(text, start);
        if (name === wanted) found = [start, end];
        at = skipSpace(text, end);
        if (text[at] === ",") at = skipSpace(text, at + 1);
    }
    return found;
}

function skipSpace(text: string, from: number): number {
    let at = from;
    while (at < text.length && text.charCodeAt(at) <= 32) at++;
    return at;
}

function endOfString(text: string, open: number): number {
    let end = text.indexOf('"', open + 1);
    while (end !== -1 && escaped(text, end)) end = text.indexOf('"', end + 1);
    return end + 1;
}

/** Whether a quote has an odd number of backslashes before it. */
function escaped(text: string, quote: number): boolean {
    let at = quote;
    while (text[at - 1] === "\\") at--;
    return (quote - at) % 2 === 1;
}

function endOfValue(text: string, start: number): number {
    if (text[start] === '"') return endOfString(text, start);
    let at = start;
    if (text[at] !== "{" && text[at] !== "[") {
        while (at < text.length && !",]}".includes(text[at] as string) && text.charCodeAt(at) > 32) at++;
        return at;
    }
    for (let depth = 0; at < text.length; at++) {
        const character = text[at];
        if (character === '"') at = endOfString(text, at) - 1;
        else if (character === "{" || character === "[") depth++;
        else if ((character === "}" || character === "]") && --depth === 0) return at + 1;
    }
    return at;
}

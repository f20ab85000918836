/** Path globs as the official provider has them: github.com/gobwas/glob with `/` as the separator. */

export interface Glob {
    readonly exclude: boolean;
    matches(path: string): boolean;
}

const escaped = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** The end of a character class that begins at `start`; throws when it has none. */
function classAt(pattern: string, start: number): { readonly source: string; readonly end: number } {
    const end = pattern.indexOf("]", start + 2);
    if (end < 0) throw new Error(`the glob "${pattern}" has a "[" without "]"`);
    const inside = pattern.slice(start + 1, end);
    const negated = inside.startsWith("!");
    const members = (negated ? inside.slice(1) : inside).replace(/[\\^\]]/g, "\\$&");
    return { source: `[${negated ? "^" : ""}${members}]`, end };
}

function sourceOf(pattern: string): string {
    let source = "";
    let depth = 0;
    for (let at = 0; at < pattern.length; at++) {
        const character = pattern.charAt(at);
        if (character === "\\") source += escaped(pattern.charAt(++at));
        else if (character === "*" && pattern.charAt(at + 1) === "*") {
            source += ".*";
            while (pattern.charAt(at + 1) === "*") at++;
        } else if (character === "*") source += "[^/]*";
        else if (character === "?") source += "[^/]";
        else if (character === "[") {
            const found = classAt(pattern, at);
            source += found.source;
            at = found.end;
        } else if (character === "{") {
            depth++;
            source += "(?:";
        } else if (character === "}" && depth > 0) {
            depth--;
            source += ")";
        } else if (character === "," && depth > 0) source += "|";
        else source += escaped(character);
    }
    if (depth > 0) throw new Error(`the glob "${pattern}" has a "{" without "}"`);
    return source;
}

/** Compiles patterns; one that begins with `!` takes out what the ones before it let in. Throws for one that is malformed. */
export function compileGlobs(patterns: readonly string[]): Glob[] {
    return patterns.map((pattern) => {
        const exclude = pattern.startsWith("!");
        const expression = new RegExp(`^${sourceOf(exclude ? pattern.slice(1) : pattern)}$`, "s");
        return { exclude, matches: (path) => expression.test(path) };
    });
}

/** Whether the globs, each overruling the ones before it, let a path in. */
export function matched(globs: readonly Glob[], path: string): boolean {
    return globs.reduce((inside, glob) => (glob.matches(path) ? !glob.exclude : inside), false);
}

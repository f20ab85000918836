import * as fc from "fast-check";
import { compileGlobs, matched } from "../../../embedded/providers/command/local/globs.ts";

test.each([
    ["*.js", "index.js", true],
    ["*.js", "src/index.js", false],
    ["*", ".hidden", true],
    ["src/**.js", "src/index.js", true],
    ["src/**.js", "src/deep/index.js", true],
    ["**", "a/b/c", true],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["[abc].txt", "b.txt", true],
    ["[!abc].txt", "b.txt", false],
    ["[a-c].txt", "d.txt", false],
    ["*.{js,ts}", "a.ts", true],
    ["{src,lib}/*", "bin/a", false],
    ["a,b", "a,b", true],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["a.c", "abc", false],
    ["(a|b)+$^", "(a|b)+$^", true],
])("%s with %s: %s", (glob, path, expected) => {
    expect(matched(compileGlobs([glob]), path)).toBe(expected);
});

test("each pattern overrules the ones before it", () => {
    const globs = compileGlobs(["**", "!*.js", "a.js"]);
    expect(["b.js", "a.js", "c"].map((path) => matched(globs, path))).toEqual([false, true, true]);
});

test("a pattern without special characters matches itself and nothing else", () => {
    fc.assert(
        fc.property(fc.string(), fc.string(), (a, b) => {
            const pattern = a.replace(/[\\*?[\]{}!]/g, (character) => `\\${character}`);
            const globs = compileGlobs([pattern]);
            expect(matched(globs, a)).toBe(true);
            expect(matched(globs, b)).toBe(a === b);
        }),
    );
});

import * as fc from "fast-check";
import { splice } from "../../operator/bridge/splice.ts";

const names = fc.constantFrom("id", "params", "_meta", "progressToken", "other", 'quo"te', "back\\slash", "\u2028");
const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
        { maxDepth: 4, depthSize: "medium" },
        fc.jsonValue({ maxDepth: 1 }),
        fc.dictionary(names, tie("tree"), { maxKeys: 5 }),
        fc.array(tie("tree"), { maxLength: 3 }),
    ),
}));
const spaces = fc.constantFrom(undefined, 1, "\t");

function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
    const [name, ...rest] = path;
    if (name === undefined) return by;
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return value;
    return { ...value, [name]: replaced((value as Record<string, unknown>)[name], rest, by) };
}

describe("replacing values in JSON text", () => {
    it("changes what parsing, replacing and writing would change, and nothing else", () => {
        fc.assert(
            fc.property(
                tree,
                fc.array(names, { minLength: 1, maxLength: 3 }),
                fc.jsonValue({ maxDepth: 1 }),
                spaces,
                (value, path, by, space) => {
                    const text = JSON.stringify(value, undefined, space);
                    const result = splice(text, [{ path, value: JSON.stringify(by) }]);
                    const plain: unknown = JSON.parse(text);
                    expect(JSON.parse(result)).toEqual(JSON.parse(JSON.stringify(replaced(plain, path, by))));
                },
            ),
            { numRuns: 1000 },
        );
    });

    it("keeps numbers, escapes, order and space that a rewrite would lose", () => {
        const text = '{ "b":12345678901234567890 , "a":"\\u0041\\\\" ,"id" : 7 }';
        expect(splice(text, [{ path: ["id"], value: '"x"' }])).toBe('{ "b":12345678901234567890 , "a":"\\u0041\\\\" ,"id" : "x" }');
    });

    it("makes several edits at once and means the last of equal names, as JSON.parse does", () => {
        const text = '{"id":1,"params":{"_meta":{"progressToken":2}},"id":3}';
        const edits = [
            { path: ["id"], value: "9" },
            { path: ["params", "_meta", "progressToken"], value: "8" },
            { path: ["params", "none"], value: "0" },
        ];
        expect(splice(text, edits)).toBe('{"id":1,"params":{"_meta":{"progressToken":8}},"id":9}');
    });

    it("is not misled by the name in another place or by an escaped name", () => {
        expect(splice('{"x":{"id":1},"y":"\\"id\\":5","\\u0069d":2}', [{ path: ["id"], value: "9" }])).toBe(
            '{"x":{"id":1},"y":"\\"id\\":5","\\u0069d":9}',
        );
    });
});

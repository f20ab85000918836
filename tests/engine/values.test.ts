import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { difference, equal } from "../../embedded/engine/compare.ts";
import { formatPath, parsePath, pathContains, resetPath } from "../../embedded/engine/paths.ts";
import { carrySecrets, containsSecret, containsUnknown, markSecret, plain } from "../../embedded/engine/secretness.ts";
import { OutputValue, ResourceReference, Secret, Unknown, type PropertyMap } from "../../embedded/engine/values.ts";
import { makeUrn, parseProviderReference, parseUrn } from "../../embedded/engine/urn.ts";

const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<PropertyMap>;

describe("paths", () => {
    test("are read and written the same", () => {
        const segment = fc.oneof(fc.nat(99), fc.string({ minLength: 1 }));
        fc.assert(
            fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) =>
                expect(parsePath(formatPath(segments))).toEqual(segments),
            ),
        );
        expect(parsePath('spec.containers[0].env[*]["a.b/c"]')).toEqual(["spec", "containers", 0, "env", "*", "a.b/c"]);
    });

    test.each(["", "a..b", "a[", 'a["b]', "a."])("%j is refused", (path) => {
        expect(() => parsePath(path)).toThrow("is not a property path");
    });

    test("contain what lies below them", () => {
        expect(pathContains(["a", "*", "c"], ["a", 3, "c", "d"])).toBe(true);
        expect(pathContains(["a", 1], ["a", 2])).toBe(false);
    });

    test.each<[string, PropertyMap, PropertyMap, string, PropertyMap]>([
        ["a changed value is as it was", { a: 1, b: 1 }, { a: 2, b: 2 }, "a", { a: 1, b: 2 }],
        ["a removed value is back", { a: 1 }, {}, "a", { a: 1 }],
        ["an added value is gone", {}, { a: 1 }, "a", {}],
        ["nested", { s: { r: 1, x: 1 } }, { s: { r: 2, x: 2 } }, "s.r", { s: { r: 1, x: 2 } }],
        ["below what is not there any more", { s: { r: 1 } }, {}, "s.r", {}],
        [
            "in every item",
            { c: [{ i: 1 }, { i: 2 }] },
            { c: [{ i: 3 }, { i: 4 }, { i: 5 }] },
            "c[*].i",
            { c: [{ i: 1 }, { i: 2 }, { i: 5 }] },
        ],
        ["inside a secret", { s: new Secret({ a: 1, b: 1 }) }, { s: new Secret({ a: 2, b: 2 }) }, "s.a", { s: new Secret({ a: 1, b: 2 }) }],
        ["of a secret", { s: new Secret("old") }, { s: new Secret("new") }, "s", { s: new Secret("old") }],
    ])("that are ignored: %s", (_name, olds, news, path, result) => {
        expect(resetPath(olds, news, parsePath(path))).toEqual(result);
    });
});

describe("comparison", () => {
    test("of equal values finds no difference, and of different ones at least one", () => {
        fc.assert(
            fc.property(json, json, (a, b) => {
                expect(equal(a, structuredClone(a) as PropertyMap)).toBe(true);
                expect(Object.keys(difference(a, b)).length > 0).toBe(!equal(a, b));
            }),
        );
    });

    test("names each difference by its path", () => {
        const olds = { spec: { replicas: 1, items: [{ name: "x" }, { name: "y" }], gone: true }, same: [1] };
        const news = { spec: { replicas: 2, items: [{ name: "x" }, { name: "z" }, { name: "n" }] }, same: [1], labels: { "a.b/c": "d" } };
        expect(difference(olds, news)).toEqual({
            "spec.replicas": "update",
            "spec.items[1].name": "update",
            "spec.items[2]": "add",
            "spec.gone": "delete",
            labels: "add",
        });
    });

    test("looks through secret marks for differences, and minds them for equality; an unknown differs", () => {
        expect(difference({ a: "x" }, { a: new Secret("x") })).toEqual({});
        expect(equal({ a: "x" }, { a: new Secret("x") })).toBe(false);
        expect(difference({ a: "x" }, { a: Unknown.instance })).toEqual({ a: "update" });
    });
});

describe("secretness", () => {
    test("is carried to what has the same name: into objects, onto whole lists", () => {
        const inputs = { data: { user: "u", password: new Secret("p") }, list: [new Secret(1), 2], whole: new Secret({ a: 1 }), plain: 1 };
        const outputs = { data: { user: "u", password: "p", extra: 1 }, list: [1, 2], whole: { a: 1 }, plain: 1, other: 2 };
        expect(carrySecrets(outputs, inputs)).toEqual({
            data: { user: "u", password: new Secret("p"), extra: 1 },
            list: new Secret([1, 2]),
            whole: new Secret({ a: 1 }),
            plain: 1,
            other: 2,
        });
        expect(markSecret({ a: 1, b: 2 }, ["a", "missing"])).toEqual({ a: new Secret(1), b: 2 });
    });

    test("is taken off for providers, wherever it is, with outputs and references as what they hold", () => {
        const values = {
            a: new Secret({ b: [new Secret("c")] }),
            o: new OutputValue("v", true, []),
            u: new OutputValue(undefined, false, []),
            r: new ResourceReference("urn", "id", ""),
            k: new ResourceReference("urn", undefined, ""),
        };
        expect(plain(values)).toEqual({ a: { b: ["c"] }, o: "v", u: Unknown.instance, r: "id", k: "urn" });
        fc.assert(fc.property(json, (map) => expect(plain({ a: new Secret(map) })).toEqual({ a: map })));
    });

    test("of a value is found at any depth, as is what is unknown", () => {
        expect(containsSecret([{ a: new Secret(1) }])).toBe(true);
        expect(containsUnknown({ a: [new Secret({ b: Unknown.instance })] })).toBe(true);
        expect(containsUnknown({ a: new ResourceReference("u", Unknown.instance, "") })).toBe(true);
        expect(containsSecret({ a: [1] }) || containsUnknown({ a: [1] })).toBe(false);
    });
});

test("URNs chain the types of the parents, but for the stack's", () => {
    const stack = makeUrn("dev", "p", "pulumi:pulumi:Stack", "p-dev");
    const outer = makeUrn("dev", "p", "mcp:a:Outer", "o", stack);
    const inner = makeUrn("dev", "p", "mcp:a:Inner", "i", outer);
    expect(makeUrn("dev", "p", "kubernetes:core/v1:Pod", "x::y", inner)).toBe(
        "urn:pulumi:dev::p::mcp:a:Outer$mcp:a:Inner$kubernetes:core/v1:Pod::x::y",
    );
    expect(parseUrn("urn:pulumi:dev::p::a:b:C$k:d:E::x::y")).toEqual({
        stack: "dev",
        project: "p",
        qualifiedType: "a:b:C$k:d:E",
        type: "k:d:E",
        name: "x::y",
    });
    expect(parseProviderReference(`${inner}::an-id`)).toEqual({ urn: inner, id: "an-id" });
});

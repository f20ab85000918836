/** Secrets at random places: none of them may be seen in anything that is shown or stored. */
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { PartialError, type OperationContext, type ResourceProvider } from "../../embedded/engine/provider.ts";
import { isObject, Secret, type PropertyMap, type PropertyValue } from "../../embedded/engine/values.ts";
import { double, World } from "./support/double.ts";
import { Hidden, type Asked } from "./support/hidden.ts";

/** How a provider gives away what it was given. */
const LEAKS = ["status", "log", "warning", "error", "partial", "output", "text", "nested", "encoded"] as const;
type Leak = (typeof LEAKS)[number];

/** Texts that stand nowhere by chance: each begins with digits of its own. */
const secret = fc
    .tuple(
        fc.integer({ min: 0x1000_0000, max: 0xffff_ffff }).map((n) => n.toString(16)),
        fc.oneof(
            fc.stringMatching(/^[A-Za-z0-9]{0,24}$/),
            fc.string({ unit: "grapheme-composite", maxLength: 12 }),
            fc.constantFrom(
                '"quoted"',
                "a\\b",
                "<&>",
                "line\nand a second line of it",
                "%20 +/=",
                "\u2028",
                '{"password":"a word that passes"}',
            ),
        ),
    )
    .map(([unique, rest]) => `${unique}${rest}`);

/** A property with secrets somewhere inside. */
const { value } = fc.letrec<{ value: PropertyValue }>((tie) => ({
    value: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        secret.map((text) => new Secret(text)),
        fc.constantFrom("plain", 1, true, null),
        secret.map((text) => new Secret({ inner: [text, 2] })),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "b", "key with spaces", "data"), tie("value"), { maxKeys: 3 }),
    ),
}));
const properties = fc.dictionary(fc.constantFrom("value", "other", "spec", "data"), value, { maxKeys: 3 });

const thing = fc.record({ inputs: properties, leaks: fc.subarray([...LEAKS]), made: secret, declared: secret });
const scene = fc.record({
    config: fc.array(secret, { maxLength: 2 }),
    component: properties,
    outputs: properties,
    first: fc.array(thing, { minLength: 1, maxLength: 2 }),
    second: fc.array(thing, { minLength: 1, maxLength: 2 }),
});
type Thing = typeof thing extends fc.Arbitrary<infer T> ? T : never;

/** Every text inside. */
function textsOf(tree: PropertyValue): string[] {
    if (tree instanceof Secret) return textsOf(tree.value);
    if (typeof tree === "string") return [tree];
    if (Array.isArray(tree)) return tree.flatMap((item: PropertyValue) => textsOf(item));
    return isObject(tree) ? Object.values(tree).flatMap(textsOf) : [];
}

function secretsIn(tree: PropertyValue, inside = false): string[] {
    if (tree instanceof Secret) return secretsIn(tree.value, true);
    if (typeof tree === "string") return inside ? [tree] : [];
    if (Array.isArray(tree)) return tree.flatMap((item: PropertyValue) => secretsIn(item, inside));
    return isObject(tree) ? Object.values(tree).flatMap((item) => secretsIn(item, inside)) : [];
}

/** Says what it was given, and returns it as outputs. */
const leak = (inputs: PropertyMap, context: OperationContext, known: PropertyMap): PropertyMap => {
    const leaks = new Set(inputs["leaks"] as readonly Leak[]);
    const texts = textsOf({ ...inputs, ...known, leaks: [], made: null, declared: null }).filter((text) => text.length >= 8);
    const all = texts.join(" and ");
    if (leaks.has("status")) context.status(`waiting for ${all}`);
    if (leaks.has("log")) context.log("info", `given ${JSON.stringify(texts)}`);
    if (leaks.has("warning")) context.log("warning", `base64 ${texts.map((text) => Buffer.from(text).toString("base64")).join(" ")}`);
    if (leaks.has("error")) throw new Error(`refused: ${all}; ${JSON.stringify(JSON.stringify(texts))}`);
    const outs = {
        ...inputs,
        made: new Secret(inputs["made"] ?? null),
        declared: inputs["declared"] ?? null,
        ...(leaks.has("output") && { copies: texts }),
        ...(leaks.has("text") && { text: `it says ${all}` }),
        ...(leaks.has("nested") && { deep: [{ x: { y: texts } }] }),
        ...(leaks.has("encoded") && { encoded: Buffer.from(all).toString("base64") }),
    };
    if (leaks.has("partial")) throw new PartialError("id", outs, [`not ready: ${all}`]);
    return outs;
};

/** A provider that says all it knows. */
function indiscreet(): () => ResourceProvider {
    return double(new World(), {
        async create(_urn, inputs, context) {
            return { id: context.preview ? "" : "id", outs: leak(inputs, context, {}) };
        },
        async update(_id, _urn, olds, news, _ignored, context) {
            const { made = null, declared = null } = olds.outputs;
            return { outs: leak(news, context, { old: [made, declared] }) };
        },
        async delete(_id, _urn, olds, context) {
            context.status(`deleting ${textsOf(olds.inputs).join(" ")}`);
            context.log("warning", `deleted ${textsOf({ ...olds.outputs, leaks: [] }).join(" ")}`);
        },
    });
}

function askedFor(things: readonly Thing[], component: PropertyMap, outputs: PropertyMap): Asked {
    return {
        component,
        outputs,
        things: things.map(({ inputs, leaks, made, declared }, i) => ({
            name: `thing-${i}`,
            // Given to the provider as if it had made them: not even the inputs say that they are secret.
            inputs: { ...inputs, leaks: [...leaks], made: new Secret(made), declared: new Secret(declared) },
            goal: { additionalSecretOutputs: ["declared"] },
        })),
    };
}

describe("a secret at any place", () => {
    test("is in no output of any kind and in no file", async () => {
        await fc.assert(
            fc.asyncProperty(scene, async ({ config, component, outputs, first, second }) => {
                const hidden = await Hidden.make({ double: indiscreet() }, Object.fromEntries(config.map((text, i) => [`k${i}`, text])));
                try {
                    const [one, two] = [askedFor(first, component, outputs), askedFor(second, component, outputs)];
                    const seen = {
                        preview: await hidden.run("preview", one),
                        "preview with --json": await hidden.run("preview", one, { json: true }),
                        up: await hidden.run("update", one),
                        "a second up with --diff": await hidden.run("update", two, { diff: true }),
                        "up on a terminal": await hidden.run("update", one, {}, true),
                        "up with --json": await hidden.run("update", two, { json: true, "show-sames": true }),
                        destroy: await hidden.run("destroy", one, { diff: true }),
                    };
                    const given = [one, two].flatMap(({ things }) => things.flatMap(({ inputs }) => secretsIn(inputs)));
                    const secrets = [...config, ...secretsIn(component), ...secretsIn(outputs), ...given];
                    expect(found(secrets, seen)).toEqual([]);
                } finally {
                    await hidden.remove();
                }
            }),
            { numRuns: Number(process.env["SECRETS_RUNS"] ?? 20) },
        );
    }, 120_000);
});

/** Which secrets appear where, as themselves or in a form from which they can be read. */
function found(secrets: readonly string[], seen: Readonly<Record<string, string>>): string[] {
    return Object.entries(seen).flatMap(([what, text]) =>
        [...new Set(secrets)].flatMap((value) =>
            [value, JSON.stringify(value).slice(1, -1), Buffer.from(value).toString("base64")]
                .filter((form) => text.includes(form))
                .map((form) => `${what}: ${form} … ${text.slice(Math.max(0, text.indexOf(form) - 200), text.indexOf(form) + 40)}`),
        ),
    );
}

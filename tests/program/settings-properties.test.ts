import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { hostsOf } from "../../components/edge/names.ts";
import { RULES, CAUTIONS } from "../../infra/rules/index.ts";
import { cautionsOf, parseSettings, settingsSchema, SettingsError, type Settings } from "../../infra/settings.ts";
import { keyOf } from "../../infra/sentences.ts";
import { nodeRegistry } from "../../stacks/node-registry/index.ts";
import { topologyOf } from "../../stacks/index.ts";
import { configurationOf, secretKeysOf, validSettings, type GivenSettings } from "../support/settings-arbitrary.ts";

const parse = (settings: GivenSettings): Settings => parseSettings(configurationOf(settings), { secretKeys: secretKeysOf(settings) });

function problemsOf(settings: GivenSettings): readonly string[] {
    try {
        parse(settings);
        return [];
    } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        return error.problems;
    }
}

test("random valid settings are accepted, and mean what they say", () => {
    fc.assert(
        fc.property(validSettings, (settings) => {
            expect(problemsOf(settings)).toEqual([]);
            expect(parse(settings)).toMatchObject(JSON.parse(JSON.stringify(settings)) as object);
        }),
        { numRuns: 250 },
    );
});

/** Random valid settings come to every mode of every setting, so that what holds of them holds everywhere. */
test("random valid settings reach every kind, mode and owner", () => {
    const seen = new Set(
        fc
            .sample(validSettings, { numRuns: 600, seed: 1 })
            .flatMap(({ topology, tls, registry, frontDoor, ingress, storage, strictProd }) => [
                topology?.kind,
                tls?.mode,
                registry?.mode,
                frontDoor?.mode,
                ingress?.owner,
                storage?.mode,
                `${topology?.kind} strict ${strictProd}`,
            ]),
    );
    const kinds = ["embedded", "kind", "minikube", "k3s", "existing"];
    const modes = ["internal", "acme", "issuer", "secrets", "bundled-http", "bundled-https", "external", "kind-container"];
    const doors = ["direct", "proxy", "internal-lb", "platform", "packaged", "class", "hostPath"];
    const strict = kinds.flatMap((kind) => [`${kind} strict true`, `${kind} strict false`]);
    expect([...kinds, ...modes, ...doors, ...strict].filter((word) => !seen.has(word))).toEqual([]);
});

test("random valid settings have a topology, and their nodes can be told about the registry", () => {
    fc.assert(
        fc.property(validSettings, (settings) => {
            const { domain, topology, versions, images, registry, frontDoor } = parse(settings);
            const place = topologyOf(topology, { hosts: hostsOf(domain), versions, images, registry, frontDoor });
            expect(place.kind).toBe(topology.kind);
            if (place.nodeRegistry) nodeRegistry(place.nodeRegistry);
        }),
        { numRuns: 150 },
    );
});

/** Every value inside settings that is an object, with its path. */
function* objectsIn(value: unknown, path: readonly string[] = []): Generator<readonly [string[], Record<string, unknown>]> {
    if (Array.isArray(value)) for (const [index, inner] of value.entries()) yield* objectsIn(inner, [...path, String(index)]);
    else if (typeof value === "object" && value !== null) {
        yield [[...path], value as Record<string, unknown>];
        for (const [key, inner] of Object.entries(value)) yield* objectsIn(inner, [...path, key]);
    }
}

/** Objects whose keys are the user's own. */
const isMap = (path: readonly string[]) => /^(servers|servers,\w.*,(env|secretEnv)|ingress,podLabels)$/.test(path.join(","));

const keyAt = (path: readonly string[]) => keyOf(path.map((part) => (/^\d+$/.test(part) ? Number(part) : part)));

test("an unknown key is named, wherever it stands", () => {
    fc.assert(
        fc.property(validSettings, fc.nat(), (settings, pick) => {
            const changed = structuredClone(settings) as GivenSettings;
            const holders = [...objectsIn(changed)].filter(([path]) => !isMap(path));
            const [path, holder] = holders[pick % holders.length] ?? [[], {}];
            holder["unheardOf"] = "x";
            expect(problemsOf(changed)).toEqual([expect.stringContaining(`${keyAt([...path, "unheardOf"])} is not a setting`)]);
        }),
        { numRuns: 200 },
    );
});

/** A value of a type that no setting has. */
const WRONG = { of: ["another", { type: true }] };

test("a value of another type is refused with its key, wherever it stands", () => {
    fc.assert(
        fc.property(validSettings, fc.nat(), (settings, pick) => {
            const changed = structuredClone(settings) as GivenSettings;
            const fields = [...objectsIn(changed)].flatMap(([path, holder]) =>
                Object.keys(holder).map((key) => [path, holder, key] as const),
            );
            const [path, holder, key] = fields[pick % fields.length] ?? [[], {}, ""];
            holder[key] = WRONG;
            const problems = problemsOf(changed).filter((problem) => problem.startsWith(keyAt([...path, key])));
            expect(problems).not.toEqual([]);
        }),
        { numRuns: 250 },
    );
});

test("no rule reads a setting that it does not name", () => {
    fc.assert(
        fc.property(validSettings, (settings) => {
            const parsed = parse(settings);
            const astray = [...RULES, ...CAUTIONS].flatMap((rule) => {
                const read: string[] = [];
                const watched = new Proxy(parsed, {
                    get(target, key, receiver) {
                        read.push(String(key));
                        return Reflect.get(target, key, receiver) as unknown;
                    },
                });
                rule.check(watched, { secretKeys: new Set(["registry"]) });
                return read.filter((key) => !(rule.keys as readonly string[]).includes(key)).map((key) => `${rule.id} reads ${key}`);
            });
            expect(astray).toEqual([]);
        }),
        { numRuns: 100 },
    );
});

test("whatever is written, the answer is settings or sentences that each begin with a key", () => {
    const anything = fc.dictionary(fc.constantFrom(...Object.keys(settingsSchema.shape), "other"), fc.jsonValue());
    fc.assert(
        fc.property(validSettings, anything, (settings, over) => {
            const problems = problemsOf({ ...settings, ...over } as GivenSettings);
            for (const problem of problems) expect(problem).toMatch(/^mcp-platform:.+ (?:is|has) .*: .+[^.]$/s);
            if (problems.length === 0) cautionsOf(parse({ ...settings, ...over } as GivenSettings));
        }),
        { numRuns: 200 },
    );
});

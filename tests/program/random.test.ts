/** The whole program on random valid settings. */
import { expect, jest, test } from "@jest/globals";
import * as fc from "fast-check";
import { parseSettings } from "../../infra/settings.ts";
import { configurationOf, secretKeysOf, validSettings } from "../support/settings-arbitrary.ts";
import { isSecret, runProgram, type Registered } from "./run.ts";

const isObject = ({ type }: Registered) => type.startsWith("kubernetes:");

/** Names of objects, which Kubernetes wants to be different. */
const identityOf = ({ type, inputs }: Registered): string => {
    const { name, namespace } = (inputs["metadata"] ?? {}) as { readonly name?: unknown; readonly namespace?: unknown };
    return JSON.stringify([type, name, namespace]);
};

test("runs, whatever the settings ask for: no object twice, each in the cluster that is meant, no secret in the open", async () => {
    // Cautions are said, and are none of this test's business.
    jest.spyOn(console, "warn").mockImplementation(() => {});
    await fc.assert(
        fc.asyncProperty(validSettings, fc.constantFrom("preview", "words"), async (settings, mode) => {
            const configuration = configurationOf(settings);
            const { topology, registry } = parseSettings(configuration, { secretKeys: secretKeysOf(settings) });
            const { resources } = await runProgram(configuration, mode, undefined, secretKeysOf(settings));
            const objects = resources.filter(isObject);
            expect(objects.length).toBeGreaterThan(15);
            // In a preview the namespaces that are made have no names yet.
            const distinct = mode === "preview" ? objects.length : new Set(objects.map(identityOf)).size;
            expect(distinct).toBe(objects.length);
            expect(objects.every(({ provider }) => provider.includes(`::${topology.kind}::`))).toBe(true);
            const secrets = objects.filter(({ type }) => type === "kubernetes:core/v1:Secret").map(({ inputs }) => inputs["stringData"]);
            expect(secrets.every((data) => data === undefined || holdsSecret(data))).toBe(true);
            const password = (registry.mode === "external" && registry.password) || "a password that nobody has";
            // The definitions of others explain their fields with any words.
            const open = resources.filter(({ type }) => !type.endsWith(":CustomResourceDefinition")).map(withoutSecrets);
            expect(JSON.stringify(open)).not.toContain(password);
        }),
        { numRuns: 15 },
    );
}, 120_000);

/** Everything that is not marked as secret. */
function withoutSecrets(value: unknown): unknown {
    if (isSecret(value)) return "[secret]";
    if (Array.isArray(value)) return value.map(withoutSecrets);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner)]));
}

function holdsSecret(value: unknown): boolean {
    if (isSecret(value)) return true;
    return typeof value === "object" && value !== null && Object.values(value).some(holdsSecret);
}

import { readFile } from "node:fs/promises";
import { expect, test } from "@jest/globals";
import { flows } from "../../components/network/flows.ts";
import { NAMESPACES } from "../../components/namespaces/names.ts";
import { embeddedSettings } from "../../stacks/embedded.ts";
import { serversSchema } from "../../infra/schema/servers.ts";
import { settingsSchema } from "../../infra/settings.ts";

const read = (file: string) => readFile(new URL(`../../${file}`, import.meta.url), "utf8");

/** The words in code style, outside of examples. */
const named = (text: string) => new Set([...text.replace(/^```[^]*?^```$/gm, "").matchAll(/`([^`]+)`/g)].map(([, word]) => word));

test("docs/settings.md names every setting, and every field of the embedded topology and of servers", async () => {
    const words = named(await read("docs/settings.md"));
    const keys = [
        ...Object.keys(settingsSchema.shape),
        ...Object.keys(embeddedSettings.shape),
        ...Object.keys(serversSchema.valueType.shape),
        "storage.registry",
        "images.operator",
        "images.registry",
        "images.traefik",
    ];
    expect(keys.filter((key) => !words.has(key))).toEqual([]);
});

test("docs/topologies.md names every namespace and every kind of topology", async () => {
    const words = named(await read("docs/topologies.md"));
    const kinds = embeddedSettings.shape.kind.values;
    expect([...Object.values(NAMESPACES), ...kinds].filter((name) => !words.has(name))).toEqual([]);
});

test("Pulumi.yaml describes every setting", async () => {
    const text = await read("Pulumi.yaml");
    for (const key of Object.keys(settingsSchema.shape))
        expect(text).toMatch(new RegExp(`^ {2}${key}:\n {4}type: \\w+\n(.*\n)* {4}description: `, "m"));
});

test("every flow says why it is there", () => {
    for (const { why } of flows("https://registry.example.com")) expect(why.length).toBeGreaterThan(5);
});

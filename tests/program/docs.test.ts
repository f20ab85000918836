import { readFile } from "node:fs/promises";
import { expect, test } from "@jest/globals";
import { NAMESPACES } from "../../components/namespaces/names.ts";
import { withCatalogue } from "../../infra/reference/catalogue.ts";
import { groupsOf } from "../../infra/reference/fields.ts";
import { settingsPage } from "../../infra/reference/page.ts";
import { CAUTIONS, RULES } from "../../infra/rules/index.ts";
import { settingsSchema } from "../../infra/settings.ts";

const read = (file: string) => readFile(new URL(`../../${file}`, import.meta.url), "utf8");

/** The words in code style, outside of examples. */
const named = (text: string) => new Set([...text.replace(/^```[^]*?^```$/gm, "").matchAll(/`([^`]+)`/g)].map(([, word]) => word));

const groups = Object.entries(settingsSchema.shape).flatMap(([name, schema]) => groupsOf(schema).map((group) => ({ name, ...group })));

test("docs/settings.md is what the schema and the rules make of it: npm run settings-docs", async () => {
    expect(await read("docs/settings.md")).toBe(settingsPage());
});

test("Pulumi.yaml declares the settings that the schema has: npm run settings-docs", async () => {
    const project = await read("Pulumi.yaml");
    expect(project).toBe(withCatalogue(project));
});

test("the reference has every setting, every kind of it, every field inside and every rule", async () => {
    const page = await read("docs/settings.md");
    const words = named(page);
    const fields = groups.flatMap(({ kind, fields }) => [...(kind === undefined ? [] : [kind]), ...fields.map(({ path }) => path)]);
    expect([...Object.keys(settingsSchema.shape), ...fields].filter((word) => !words.has(word))).toEqual([]);
    for (const field of [
        "apiPort",
        "nodes[].publicAddress",
        "secrets.mcp",
        "edge.http",
        "secretEnv.<name>.key",
        "egress[].ports",
        "password",
    ])
        expect(fields).toContain(field);
    for (const { says } of [...RULES, ...CAUTIONS]) expect(page).toContain(says.slice(1).replaceAll("|", "\\|"));
});

test("every setting, every kind of it and every field says what it means", () => {
    const silent = groups.flatMap(({ name, kind, meaning, fields }) => [
        ...(kind !== undefined && meaning === "" ? [`${name} ${kind}`] : []),
        ...fields.filter((field) => field.meaning.replace(/\(.*\)$/, "").trim() === "").map(({ path }) => `${name} ${kind}: ${path}`),
    ]);
    const settings = Object.entries(settingsSchema.shape).flatMap(([name, schema]) => (schema.description ? [] : [name]));
    expect([...settings, ...silent]).toEqual([]);
});

test("docs/topologies.md names every namespace and every kind of topology", async () => {
    const words = named(await read("docs/topologies.md"));
    const kinds = groupsOf(settingsSchema.shape.topology).flatMap(({ kind }) => kind ?? []);
    expect([...Object.values(NAMESPACES), ...kinds].filter((name) => !words.has(name))).toEqual([]);
});

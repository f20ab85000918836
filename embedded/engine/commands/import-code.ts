/** Code that declares resources as the state has them, for what was imported: to be read and completed by a person. */
import type { ResourceState, Snapshot } from "../state/snapshot.ts";
import { isObject, OutputValue, ResourceReference, Secret, Unknown, type PropertyMap, type PropertyValue } from "../values.ts";
import { nameOf } from "../display/names.ts";
import { packageOf, STACK_TYPE } from "../urn.ts";

/** TypeScript with the imports it needs. Secrets are taken from settings of the program, never written. */
export function codeFor(resources: readonly ResourceState[], { resources: all }: Snapshot): string {
    const variables = new Map<string, string>();
    const used = new Set<string>(["pulumi", "config"]);
    for (const { urn, type } of resources) {
        used.add(identifier(packageOf(type)));
        let name = identifier(nameOf(urn));
        for (let n = 2; used.has(name); n++) name = `${identifier(nameOf(urn))}${n}`;
        used.add(name);
        variables.set(urn, name);
    }
    let secrets = false;
    const declarations = resources.map((state) => {
        const writer = new Writer(variables.get(state.urn) ?? "");
        const text = declaration(state, variables, writer, all);
        secrets ||= writer.secrets;
        return text;
    });
    const packages = [...new Set(resources.map(({ type }) => packageOf(type)))].toSorted();
    const lines = [
        ...(secrets ? ['import * as pulumi from "@pulumi/pulumi";'] : []),
        ...packages.map((name) => `import * as ${identifier(name)} from "@pulumi/${name}";`),
        ...(secrets ? ["", "const config = new pulumi.Config();"] : []),
    ];
    return `${lines.join("\n")}\n\n${declarations.join("\n")}`;
}

function declaration(state: ResourceState, variables: ReadonlyMap<string, string>, writer: Writer, all: readonly ResourceState[]): string {
    const parent = state.parent && all.find(({ urn }) => urn === state.parent)?.type !== STACK_TYPE ? state.parent : undefined;
    const options = [
        ...(state.protect ? ["protect: true"] : []),
        ...(parent ? [`parent: ${variables.get(parent) ?? `/* ${parent} */ undefined`}`] : []),
    ];
    const custom = /^kubernetes:([^/]+\.[^/]+)\//.exec(state.type);
    const crd = custom?.[1] !== undefined && !custom[1].endsWith(".k8s.io");
    const type = crd ? "kubernetes.apiextensions.CustomResource" : classOf(state.type);
    const tail = options.length ? `, {\n${options.map((option) => `    ${option},\n`).join("")}}` : "";
    return `const ${variables.get(state.urn)} = new ${type}(${JSON.stringify(nameOf(state.urn))}, ${writer.value(state.inputs, "", [])}${tail});\n`;
}

/** `random:index/randomId:RandomId` is `random.RandomId`, `kubernetes:apps/v1:Deployment` is `kubernetes.apps.v1.Deployment`. */
function classOf(type: string): string {
    const [name = "", module = "", kind = ""] = type.split(":");
    const parts = module.split("/").map((part) => part.replace(/\.k8s\.io$/, ""));
    const modules = name === "kubernetes" ? parts : parts.slice(0, 1).filter((part) => part !== "index" && part !== "");
    return [identifier(name), ...modules.map(identifier), kind].join(".");
}

function identifier(text: string): string {
    const name = text.replace(/[^A-Za-z0-9_$]+(.)?/g, (_match, next?: string) => next?.toUpperCase() ?? "");
    return /^[A-Za-z_$]/.test(name) ? name : `_${name}`;
}

/** Writes values as TypeScript. */
class Writer {
    readonly #variable: string;
    /** Whether a secret was written as a setting. */
    secrets = false;

    constructor(variable: string) {
        this.#variable = variable;
    }

    value(value: PropertyValue, indent: string, path: readonly (string | number)[]): string {
        if (value instanceof Secret || (value instanceof OutputValue && value.secret)) {
            this.secrets = true;
            return `config.requireSecret(${JSON.stringify([this.#variable, ...path].join("-"))})`;
        }
        if (value instanceof OutputValue) return this.value(value.value ?? null, indent, path);
        if (value instanceof ResourceReference) return JSON.stringify(value.id instanceof Unknown ? value.urn : (value.id ?? value.urn));
        if (value instanceof Unknown) return "undefined";
        const inner = `${indent}    `;
        if (Array.isArray(value)) {
            const items = value.map((item: PropertyValue, i) => `${inner}${this.value(item, inner, [...path, i])},\n`);
            return items.length ? `[\n${items.join("")}${indent}]` : "[]";
        }
        if (!isObject(value)) return JSON.stringify(value);
        const entries = Object.entries<PropertyValue>(value as PropertyMap).filter(([key]) => !key.startsWith("__"));
        const lines = entries.map(
            ([key, item]) =>
                `${inner}${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${this.value(item, inner, [...path, key])},\n`,
        );
        return lines.length ? `{\n${lines.join("")}${indent}}` : "{}";
    }
}

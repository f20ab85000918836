/** The settings in `Pulumi.yaml`: each with its type, what it means and its default. */
import type { z } from "zod";
import { settingsSchema } from "../schema/settings.ts";
import { definitionOf, unwrapped } from "../schema/tree.ts";
import { defaultOf, inline } from "./fields.ts";

/** Types of Pulumi's project settings, by what the schema has. */
const TYPES: Readonly<Record<string, string>> = { string: "string", enum: "string", boolean: "boolean", array: "array" };

/** Nothing, in a type of Pulumi's; settings take it as absent. */
const NOTHING: Readonly<Record<string, unknown>> = { string: "", object: {} };

/** Text without what leads to other pages. */
const plain = (text: string): string => text.replace(/: see \[[^\]]+\]\([^)]+\)/g, "");

function entry(name: string, schema: z.ZodType): string {
    const type = TYPES[definitionOf(unwrapped(schema)).type ?? ""] ?? "object";
    const lines = [
        `type: ${type}`,
        ...(type === "array" ? ["items: { type: string }"] : []),
        `description: ${JSON.stringify(`${plain(schema.description ?? "")}.`)}`,
        `default: ${inline(defaultOf(schema) ?? NOTHING[type])}`,
    ];
    return [`  ${name}:`, ...lines.map((line) => `    ${line}`)].join("\n");
}

/** `Pulumi.yaml` with its settings as the schema has them; what stands before them stays. */
export function withCatalogue(project: string): string {
    const [before = ""] = project.split(/^(?<=config:\n)/m);
    const entries = Object.entries(settingsSchema.shape).map(([name, schema]) => entry(name, schema));
    return `${before}${entries.join("\n")}\n`;
}

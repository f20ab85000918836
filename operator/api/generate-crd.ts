/** Writes the CustomResourceDefinition beside the component that installs it: `node operator/api/generate-crd.ts`. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { mcpServerDefinition } from "./crd.ts";

const target = resolve(import.meta.dirname, "../../components/operator/crds/mcpserver.json");

/** The file's exact text. */
export function renderDefinition(): string {
    return `${JSON.stringify(mcpServerDefinition(), null, 2)}\n`;
}

if (import.meta.main) {
    writeFileSync(target, renderDefinition());
    console.log(`wrote ${target}`);
}

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { DEFINITIONS, definitionsFile, type DefinitionsName } from "./pins.ts";

/** A CustomResourceDefinition as its project ships it. */
export interface Definition extends kubernetes.apiextensions.v1.CustomResourceDefinitionArgs {
    readonly metadata: { readonly name: string; readonly annotations?: Record<string, string>; readonly labels?: Record<string, string> };
}

const FETCH = "run npm run definitions, which fetches them into the cache once";

/**
 * The definitions of one project, in the order of their names.
 * @throws RunError when they were not fetched, or are not what the pin says
 */
export function definitions(name: DefinitionsName): Definition[] {
    const { version, sha256 } = DEFINITIONS[name];
    const file = definitionsFile(name);
    let text: Buffer;
    try {
        text = readFileSync(file);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        throw new pulumi.RunError(`The CustomResourceDefinitions of ${name} ${version} are not on this machine (${file}): ${FETCH}.`);
    }
    if (createHash("sha256").update(text).digest("hex") !== sha256)
        throw new pulumi.RunError(`The CustomResourceDefinitions of ${name} ${version} in ${file} are damaged: ${FETCH}.`);
    return JSON.parse(text.toString()) as Definition[];
}

import { readFileSync } from "node:fs";
import type * as kubernetes from "@pulumi/kubernetes";

type DefinitionArgs = kubernetes.apiextensions.v1.CustomResourceDefinitionArgs;

/** The CustomResourceDefinition of MCPServer, as generated from the operator's schema. */
export function mcpServerDefinition(): DefinitionArgs {
    return JSON.parse(readFileSync(new URL("crds/mcpserver.json", import.meta.url), "utf8")) as DefinitionArgs;
}

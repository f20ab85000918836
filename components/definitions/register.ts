import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { partOf } from "../workloads/labels.ts";
import type { Definition } from "./read.ts";

/**
 * Registers definitions one by one as children of `parent`, each awaited. Where others have installed them before, the
 * provider refuses to take them over, so that they go with the stack only where they came with it.
 */
export function registerDefinitions(definitions: readonly Definition[], parent: pulumi.Resource): pulumi.Resource[] {
    return definitions.map(({ metadata, ...definition }) => {
        const annotations = { ...metadata.annotations, "pulumi.com/waitFor": "condition=Established" };
        return new kubernetes.apiextensions.v1.CustomResourceDefinition(
            metadata.name,
            { ...definition, metadata: { name: metadata.name, labels: { ...metadata.labels, ...partOf }, annotations } },
            { parent },
        );
    });
}

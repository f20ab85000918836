import type * as pulumi from "@pulumi/pulumi";
import type { Flow } from "../network/flows.ts";
import { PlatformNamespace } from "./namespace.ts";
import { NAMESPACES } from "./names.ts";

export type Namespaces = Readonly<Record<keyof typeof NAMESPACES, PlatformNamespace>>;

/** Makes every namespace of the platform, each with its policies from the flow table. */
export function createNamespaces(flows: readonly Flow[], opts?: pulumi.ComponentResourceOptions): Namespaces {
    const create = (namespace: (typeof NAMESPACES)[keyof typeof NAMESPACES]) =>
        new PlatformNamespace(namespace, { namespace, flows }, opts);
    return {
        runtime: create(NAMESPACES.runtime),
        servers: create(NAMESPACES.servers),
        registry: create(NAMESPACES.registry),
        edge: create(NAMESPACES.edge),
    };
}

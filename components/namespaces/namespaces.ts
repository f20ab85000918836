import type * as pulumi from "@pulumi/pulumi";
import type { ApiServer, Feature } from "../network/facts.ts";
import type { Network } from "../network/flows.ts";
import { PlatformNamespace } from "./namespace.ts";
import { NAMESPACES, type NamespaceKey } from "./names.ts";

/** The feature that a namespace is for; those without one are always there. */
const FEATURES = { registry: "registry", edge: "edge", certManager: "certManager", mesh: "mesh" } as const satisfies {
    readonly [Key in NamespaceKey]?: Feature;
};

type OptionalKey = keyof typeof FEATURES;

export type Namespaces = {
    readonly [Key in NamespaceKey]: Key extends OptionalKey ? PlatformNamespace | undefined : PlatformNamespace;
};

/** The names of a platform's namespaces, by what they are for. */
export function namespacesOf(features: readonly Feature[]): Readonly<Partial<typeof NAMESPACES>> {
    const present = (key: NamespaceKey) => !(key in FEATURES) || features.includes(FEATURES[key as OptionalKey]);
    return Object.fromEntries(Object.entries(NAMESPACES).filter(([key]) => present(key as NamespaceKey)));
}

/** Makes the namespaces that a platform with some features has, each with its policies. */
export function createNamespaces(
    features: readonly Feature[],
    network: Network,
    apiServer: pulumi.Input<ApiServer>,
    opts?: pulumi.ComponentResourceOptions,
): Namespaces {
    const create = (namespace: (typeof NAMESPACES)[NamespaceKey]) =>
        new PlatformNamespace(namespace, { namespace, network, apiServer }, opts);
    const present = Object.fromEntries(Object.entries(namespacesOf(features)).map(([key, namespace]) => [key, create(namespace)]));
    return present as Namespaces;
}

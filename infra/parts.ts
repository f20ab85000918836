import type * as pulumi from "@pulumi/pulumi";
import type { Hosts } from "../components/edge/names.ts";
import type { Namespaces } from "../components/namespaces/namespaces.ts";
import type { NetworkFacts } from "../components/network/facts.ts";
import type { RESOURCE_PROFILES } from "../components/workloads/resources.ts";
import type { Topology } from "../stacks/topology.ts";
import type { Cluster } from "./cluster.ts";
import type { PlatformDefinitions } from "./definitions.ts";
import type { Settings } from "./settings.ts";

/** What every part of the platform is made from. */
export interface Parts {
    readonly settings: Settings;
    readonly topology: Topology;
    readonly cluster: Cluster;
    readonly hosts: Hosts;
    readonly network: NetworkFacts;
    readonly namespaces: Namespaces;
    readonly definitions: PlatformDefinitions;
    readonly resources: (typeof RESOURCE_PROFILES)[keyof typeof RESOURCE_PROFILES];
    /** Options of a part that waits for others. */
    readonly after: (...dependsOn: pulumi.Resource[]) => pulumi.ComponentResourceOptions;
    /** What brings the image of that name to the nodes, where anything does. */
    readonly loaded: (name: keyof Topology["images"]) => readonly pulumi.Resource[];
}

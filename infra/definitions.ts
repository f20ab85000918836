import { definitions, type Definition } from "../components/definitions/read.ts";
import { readsCustomResources, routePolicyOf, type RoutePolicy } from "../components/edge/routes.ts";
import type { Topology } from "../stacks/topology.ts";
import { networkFactsOf } from "./network.ts";
import type { Settings } from "./settings.ts";

/** The definitions of others that a platform needs; empty where it needs none of a project's. */
export interface PlatformDefinitions {
    readonly traefik: readonly Definition[];
    readonly certManager: readonly Definition[];
}

/** What the edge does to requests. */
export const routesOf = (settings: Settings, { gateway }: Topology): RoutePolicy =>
    routePolicyOf(gateway.publicUrl, settings.tls.mode !== "internal");

/**
 * Reads them, before anything is declared: without them nothing is to be made.
 * @throws RunError that names the command which fetches them
 */
export function readDefinitions(settings: Settings, topology: Topology): PlatformDefinitions {
    const { features } = networkFactsOf(settings, topology);
    const custom = readsCustomResources(routesOf(settings, topology), features.includes("registryRoute"));
    return {
        traefik: features.includes("edge") && custom ? definitions("traefik") : [],
        certManager: features.includes("certManager") ? definitions("cert-manager") : [],
    };
}

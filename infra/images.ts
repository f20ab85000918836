import type * as pulumi from "@pulumi/pulumi";
import { ImageLoad } from "../components/operator/image-load.ts";
import { ImagePush } from "../components/registry/push.ts";
import { projectRoot, pushCommand, type PushOptions } from "../stacks/images.ts";
import type { Topology } from "../stacks/topology.ts";
import type { Cluster } from "./cluster.ts";
import type { Parts } from "./parts.ts";
import type { Images } from "./registry.ts";

/** The name at the end of an image's repository. */
const lastName = (image: string): string => /([^/]+):[^:]*$/.exec(image)?.[1] ?? image;

/** What follows the host in an image's reference. */
const repositoryOf = (image: string): string => image.slice(image.indexOf("/") + 1);

/** Brings images made from this checkout to the nodes, before anything runs from them; by the image's name. */
export function loadImages(
    { imageCommands = [] }: Topology,
    { identity }: Cluster,
    opts: pulumi.ComponentResourceOptions,
): ReadonlyMap<string, pulumi.Resource> {
    return new Map(
        imageCommands.map(({ name, image, command }) => [
            name,
            new ImageLoad(`${name}-image`, { image, command, directory: projectRoot, cluster: identity }, opts),
        ]),
    );
}

/** Pushes of images made from this checkout. */
export interface Pushes {
    /** What the platform's own pods wait for. */
    readonly own: readonly pulumi.Resource[];
    /** What MCP servers wait for. */
    readonly servers: readonly pulumi.Resource[];
}

/** Pushes what the topology has the nodes pull from the platform's registry, and what the settings ask for. */
export function pushImages({ settings, topology, cluster, after }: Parts, { bundled: registry, ready }: Images): Pushes {
    const { address } = topology.registry;
    const opts = after(...ready);
    const push = (name: string, image: string, options: Omit<PushOptions, "username">): pulumi.Resource => {
        if (!registry) {
            const command = pushCommand(image, options);
            return new ImageLoad(name, { image, command, directory: projectRoot, cluster: cluster.identity }, opts);
        }
        const command = pushCommand(image, { ...options, username: registry.push.username });
        return new ImagePush(name, { image, command, directory: projectRoot, user: registry.push, volume: registry.volume }, opts);
    };
    return {
        own: (topology.pushes ?? []).map((name) =>
            push(`${name}-image`, name, { reference: `${address}/${repositoryOf(topology.images[name])}` }),
        ),
        servers: settings.pushImages.map((image) => push(lastName(image), image, { address })),
    };
}

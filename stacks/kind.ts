import { RunError } from "@pulumi/pulumi/errors.js";
import { z } from "zod";
import type { KindNodeFile, KindPlan, KindRegistryPlan } from "../components/kind/plan.ts";
import { hostOf, NODE_ENDPOINT } from "./bundled-registry.ts";
import { imagesMadeHere, type PlatformImages } from "./images.ts";
import { KIND_PATCH, nodeRegistry, type RegistryFacts } from "./node-registry/index.ts";
import { NODE_PORTS, port, REGISTRY_HOST, stateFolder } from "./primitives.ts";
import type { ImageCommand, RegistryChoice, Topology, TopologyContext } from "./topology.ts";

/** Settings of the topology `kind`: a Kubernetes in containers of Docker or podman, made and removed by the program. */
export const kindSettings = z.strictObject({
    kind: z.literal("kind"),
    name: z
        .string()
        .regex(/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$/, "use lower-case letters, digits and dashes, at most 42")
        .default("mcp-platform")
        .describe("name of the kind cluster"),
    provider: z.enum(["docker", "podman"]).default("docker").describe("container engine that runs the nodes"),
    workers: z.int().min(0).max(8).default(0).describe("nodes beside the control plane"),
    nodeImage: z
        .string()
        .min(1)
        .optional()
        .describe(
            "image of the nodes; default: the one made by `npm run images -- kind-node` if it is there, else kind's own for its release",
        ),
    gatewayPort: port.default(8080).describe("port of the gateway on 127.0.0.1, HTTP"),
    gatewayTlsPort: port.default(8443).describe("port of the gateway on 127.0.0.1, HTTPS"),
    registryPort: port.default(32000).describe("port of a bundled registry on 127.0.0.1; not used with registry.mode kind-container"),
});

export type KindSettings = z.output<typeof kindSettings>;

/** The registry beside the nodes: its container, which is also its host in their network, and its volume. */
const CONTAINER = { name: "kind-registry", volume: "kind-registry-data" } as const;

/** The programs that make and remove a cluster and the registry beside it: each is given a plan, then what to do. */
export const KIND_PROGRAMS = {
    cluster: ["node", "bin/run.mjs", "kind-cluster"],
    registry: ["node", "bin/run.mjs", "kind-registry"],
} as const;

/** What the nodes are told about the registry that image references name `host`. */
function registryFacts(choice: RegistryChoice, provider: KindSettings["provider"]): RegistryFacts | undefined {
    const place = { target: "kind", provider, nodes: [{ name: "every node" }], scheme: "http" } as const;
    switch (choice.mode) {
        case "kind-container": {
            const inside = `${CONTAINER.name}:5000`;
            return { ...place, names: [`localhost:${choice.port}`, inside], endpoint: inside };
        }
        case "bundled-http":
            return { ...place, names: [REGISTRY_HOST], endpoint: NODE_ENDPOINT };
        case "bundled-https":
            throw new RunError(
                "mcp-platform:registry.mode is bundled-https, but nodes of kind are made before the registry and its authority: use kind-container, bundled-http or external.",
            );
        case "external":
            return undefined;
    }
}

function nodeFiles(facts: RegistryFacts | undefined): KindNodeFile[] {
    const [node] = facts ? nodeRegistry(facts).nodes : [];
    return (node?.files ?? []).flatMap(({ path, mode, content }) => ("text" in content ? [{ path, mode, text: content.text }] : []));
}

function registryPlan(choice: RegistryChoice, override: string | undefined, made: string): KindRegistryPlan | undefined {
    if (choice.mode !== "kind-container") return undefined;
    const image = override ?? made;
    return { ...CONTAINER, port: choice.port, setting: "registry.port", image, madeHere: override === undefined };
}

/** How the images made from this checkout come to the nodes: through the registry beside them, or straight. */
function imageCommands(settings: KindSettings, choice: RegistryChoice, images: PlatformImages, overridden: object): ImageCommand[] {
    const { name, provider } = settings;
    const inCluster = choice.mode === "bundled-http" || choice.mode === "bundled-https";
    const names = ["operator", "traefik", ...(inCluster ? ["registry" as const] : [])] as const;
    const command = (image: (typeof names)[number]) =>
        choice.mode === "kind-container"
            ? `node bin/run.mjs images push ${image} --ref ${images[image]}`
            : `node bin/run.mjs kind-image ${image} --ref ${images[image]} --cluster ${name} --provider ${provider}`;
    return names.filter((image) => !(image in overridden)).map((image) => ({ name: image, image: images[image], command: command(image) }));
}

/** A cluster that the program makes: reached through ports on loopback, with a registry beside its nodes or in it. */
export function kindTopology(settings: KindSettings, { hosts, images, versions, registry }: TopologyContext): Topology {
    const { name, provider, workers, nodeImage } = settings;
    const contained = registry.mode === "kind-container";
    const host = contained ? `localhost:${registry.port}` : registry.mode === "external" ? registry.url : REGISTRY_HOST;
    const overridden = Object.fromEntries(Object.entries(images).filter(([, reference]) => reference !== undefined));
    const local = imagesMadeHere(versions, images);
    const refs = contained ? imagesMadeHere(versions, images, `${host}/mcp-platform`) : local;
    const bundled = !contained && registry.mode !== "external";
    const kubeconfig = stateFolder("kind", name, "kubeconfig");
    const plan: KindPlan = {
        name,
        provider,
        workers,
        nodeImage,
        ports: [
            { host: settings.gatewayPort, node: NODE_PORTS.http, setting: "topology.gatewayPort" },
            { host: settings.gatewayTlsPort, node: NODE_PORTS.https, setting: "topology.gatewayTlsPort" },
            ...(bundled ? [{ host: settings.registryPort, node: NODE_PORTS.registry, setting: "topology.registryPort" }] : []),
        ],
        containerdPatches: [KIND_PATCH],
        files: nodeFiles(registryFacts(registry, provider)),
        kubeconfig,
        registry: registryPlan(registry, images.registry, local.registry),
    };
    return {
        kind: settings.kind,
        cluster: { kubeconfig, context: `kind-${name}`, identifier: `kind-${name}`, server: "local" },
        kindCluster: plan,
        images: refs,
        imageCommands: imageCommands(settings, registry, refs, overridden),
        registry: {
            host,
            nodePort: NODE_PORTS.registry,
            address: contained ? host : registry.mode === "external" ? hostOf(host) : `127.0.0.1:${settings.registryPort}`,
        },
        edge: { kind: "nodePort", http: NODE_PORTS.http, https: NODE_PORTS.https, address: { ip: "127.0.0.1" } },
        storageClass: "standard",
        ingressNodes: [],
        gateway: {
            publicUrl: `http://${hosts.mcp}:${settings.gatewayPort}`,
            secureUrl: `https://${hosts.mcp}:${settings.gatewayTlsPort}`,
            otherHosts: ["localhost", "127.0.0.1"],
        },
    };
}

import * as pulumi from "@pulumi/pulumi";
import type { Definition } from "../definitions/read.ts";
import { NAMESPACES } from "../namespaces/names.ts";
import { selectorOf } from "../workloads/labels.ts";
import { Edge, type EdgeArgs, type ServedNamespace } from "./edge.ts";
import { publishesAddress } from "./exposure.ts";
import { RouteMiddlewares } from "./middlewares.ts";
import { INGRESS_CLASS } from "./names.ts";
import { PACKAGED_TRAEFIK, PackagedEdge } from "./packaged.ts";
import { middlewaresOf, readsCustomResources, routeAnnotations, type RoutePolicy } from "./routes.ts";

/** Whose ingress controller serves the platform's hosts. */
export type IngressOwner =
    /** Traefik as resources of this program. */
    | { readonly owner: "platform" }
    /** The Traefik that k3s ships. */
    | { readonly owner: "packaged" }
    /** A controller that others keep. It is told nothing but the Ingresses of its class. */
    | {
          readonly owner: "existing";
          readonly class: string;
          readonly namespace: string;
          readonly podLabels: Readonly<Record<string, string>>;
      };

/** The pods that requests come from: their namespace, and the labels that select them. */
export interface IngressController {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
}

export function ingressControllerOf(ingress: IngressOwner): IngressController {
    switch (ingress.owner) {
        case "platform":
            return { namespace: NAMESPACES.edge, labels: selectorOf("traefik") };
        case "packaged":
            return PACKAGED_TRAEFIK;
        case "existing":
            return { namespace: ingress.namespace, labels: ingress.podLabels };
    }
}

export interface IngressArgs extends Omit<EdgeArgs, "definitions" | "frontDoor" | "namespace"> {
    readonly ingress: IngressOwner;
    /** Traefik's own namespace; needed where Traefik is ours. */
    readonly namespace?: pulumi.Input<string> | undefined;
    readonly frontDoor: NonNullable<EdgeArgs["frontDoor"]>;
    /** What is done to requests before they are passed on. An `existing` controller does what its people told it. */
    readonly routes: RoutePolicy;
    /** Where the Middlewares of the routes are made; one of `served`. */
    readonly middlewares: ServedNamespace;
    /** Whether routes need custom resources of Traefik's beside Middlewares, such as a ServersTransport. */
    readonly customResources: boolean;
    /** Traefik's definitions; asked for only where Traefik is ours and has custom resources to read. */
    readonly definitions: () => readonly Definition[];
}

/** What Ingresses of the platform need to know of the controller that serves them. */
export interface IngressFacts {
    readonly ingressClass: pulumi.Output<string>;
    /** Annotations of the Ingresses. */
    readonly annotations: Readonly<Record<string, string>>;
    /** Whether Ingresses get an address to wait for. */
    readonly awaitAddress: boolean;
    /** What Ingresses and custom resources of Traefik's wait for. */
    readonly ready: readonly pulumi.Resource[];
}

/** Makes the edge, configures the packaged one, or leaves the existing one alone. */
export function createIngress(args: IngressArgs, opts: pulumi.ComponentResourceOptions = {}): IngressFacts {
    const { ingress, exposure, frontDoor, routes } = args;
    if (ingress.owner === "existing")
        return { ingressClass: pulumi.output(ingress.class), annotations: {}, awaitAddress: false, ready: [] };

    const names = middlewaresOf(routes);
    const middlewares = (...dependsOn: pulumi.Resource[]) =>
        names.length
            ? [new RouteMiddlewares("routes", { namespace: args.middlewares.namespace, policy: routes }, { ...opts, dependsOn })]
            : [];
    const facts = { annotations: routeAnnotations(routes, args.middlewares.name), awaitAddress: publishesAddress(exposure) };

    if (ingress.owner === "packaged") {
        if (exposure.kind !== "loadBalancer")
            throw new pulumi.RunError("mcp-platform:ingress is packaged, but only k3s packages an ingress controller: let it be platform.");
        const packaged = new PackagedEdge("edge", { exposure, frontDoor }, opts);
        return { ...facts, ingressClass: pulumi.output(INGRESS_CLASS), ready: [packaged, ...middlewares()] };
    }

    const { namespace, served, image, resources } = args;
    if (namespace === undefined) throw new Error("the platform's own edge needs its namespace");
    const definitions = readsCustomResources(routes, args.customResources) ? args.definitions() : [];
    const edge = new Edge("edge", { namespace, served, image, exposure, frontDoor, definitions, resources }, opts);
    return { ...facts, ingressClass: edge.ingressClass, ready: [edge, ...middlewares(...edge.definitions)] };
}

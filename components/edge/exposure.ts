import type * as kubernetes from "@pulumi/kubernetes";
import type { EDGE_PORTS } from "./names.ts";

type ServiceSpec = kubernetes.types.input.core.v1.ServiceSpec;

/** The address that Ingresses get in their status, when the topology knows one. */
export interface PublishedAddress {
    readonly ip: string;
}

/** Ports on every node. The sender's address is lost on the way: another node may have passed the connection on. */
export interface NodePortExposure {
    readonly kind: "nodePort";
    readonly http: number;
    readonly https: number;
    /** What Ingresses carry as their address. Without one, nobody waits for it. */
    readonly address?: PublishedAddress;
}

/**
 * A load balancer of the cluster's own, k3s's ServiceLB above all, on ports 80 and 443. It keeps the sender's address, so
 * it serves through those nodes only that have a pod of the edge.
 */
export interface LoadBalancerExposure {
    readonly kind: "loadBalancer";
    /** Labels of the nodes that the edge is pinned to, the same that ServiceLB is pinned to. Default: any node. */
    readonly nodeSelector?: Readonly<Record<string, string>>;
    /** Pods of the edge: one for each of those nodes. */
    readonly replicas: number;
}

/** How the edge is reached from outside the cluster. */
export type Exposure = NodePortExposure | LoadBalancerExposure;

/** What stands between clients and the edge, and the ranges (CIDR) it connects from. */
export type FrontDoor =
    | { readonly mode: "direct" }
    | { readonly mode: "proxy"; readonly trustedRanges: readonly string[] }
    | { readonly mode: "internal-lb"; readonly trustedRanges: readonly string[] };

/** The ranges whose `X-Forwarded-*` headers are believed. From all others they are dropped. */
export function trustedRanges(frontDoor: FrontDoor): readonly string[] {
    return frontDoor.mode === "direct" ? [] : frontDoor.trustedRanges;
}

/** Whether Ingresses get an address that an update can wait for. */
export function publishesAddress(exposure: Exposure): boolean {
    return exposure.kind === "loadBalancer" || exposure.address !== undefined;
}

/** A port of the Service that leads to the port of that name in the pods. */
function servicePort(name: keyof typeof EDGE_PORTS, port: number, nodePort?: number) {
    return { name, port, targetPort: name, ...(nodePort === undefined ? {} : { nodePort }), protocol: "TCP" };
}

/** The `spec` of the edge's Service, without its selector. A load balancer takes connections from the front door alone. */
export function edgeServiceSpec(exposure: Exposure, frontDoor: FrontDoor): ServiceSpec {
    if (exposure.kind === "nodePort")
        return { type: "NodePort", ports: [servicePort("web", 80, exposure.http), servicePort("websecure", 443, exposure.https)] };
    const ranges = trustedRanges(frontDoor);
    return {
        type: "LoadBalancer",
        externalTrafficPolicy: "Local",
        ...(ranges.length ? { loadBalancerSourceRanges: [...ranges] } : {}),
        ports: [servicePort("web", 80), servicePort("websecure", 443)],
    };
}

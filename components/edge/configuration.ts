import type * as kubernetes from "@pulumi/kubernetes";
import { EDGE_PORTS, INGRESS_CLASS } from "./names.ts";

type PolicyRule = kubernetes.types.input.rbac.v1.PolicyRule;

/** The address that Ingresses get in their status, when the topology knows one. */
export interface PublishedAddress {
    readonly ip: string;
}

export interface EdgeConfiguration {
    /** The namespaces whose Ingresses are served. */
    readonly namespaces: readonly string[];
    readonly address: PublishedAddress | undefined;
}

/** Traefik's static configuration: https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/ */
export function traefikArguments({ namespaces, address }: EdgeConfiguration): string[] {
    return [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=INFO",
        "--log.format=json",
        `--entrypoints.web.address=:${EDGE_PORTS.web}/tcp`,
        `--entrypoints.websecure.address=:${EDGE_PORTS.websecure}/tcp`,
        "--entrypoints.websecure.http.tls=true",
        // An MCP client reads one event stream for as long as its session lives; the default ends it after a minute.
        "--entrypoints.web.transport.respondingtimeouts.readtimeout=0",
        "--entrypoints.websecure.transport.respondingtimeouts.readtimeout=0",
        `--entrypoints.traefik.address=:${EDGE_PORTS.ping}/tcp`,
        "--ping=true",
        "--providers.kubernetesingress=true",
        `--providers.kubernetesingress.ingressclass=${INGRESS_CLASS}`,
        `--providers.kubernetesingress.namespaces=${namespaces.join(",")}`,
        "--providers.kubernetesingress.strictprefixmatching=true",
        ...(address ? [`--providers.kubernetesingress.ingressendpoint.ip=${address.ip}`] : []),
    ];
}

const READ = ["get", "list", "watch"];

/** What Traefik's Ingress provider reads and writes in each namespace it serves. It lists Secrets there, for certificates. */
export const TRAEFIK_NAMESPACE_RULES: readonly PolicyRule[] = [
    { apiGroups: [""], resources: ["services", "secrets"], verbs: READ },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
    { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: READ },
    { apiGroups: ["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["update"] },
];

/** What it reads that lives in no namespace. It does not start without the nodes, although it routes to no node port. */
export const TRAEFIK_CLUSTER_RULES: readonly PolicyRule[] = [
    { apiGroups: ["networking.k8s.io"], resources: ["ingressclasses"], verbs: READ },
    { apiGroups: [""], resources: ["nodes"], verbs: READ },
];

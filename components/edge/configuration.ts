import type * as kubernetes from "@pulumi/kubernetes";
import { trustedRanges, type Exposure, type FrontDoor } from "./exposure.ts";
import { EDGE_PORTS, INGRESS_CLASS } from "./names.ts";

type PolicyRule = kubernetes.types.input.rbac.v1.PolicyRule;

/** The entry points that clients reach. */
const PUBLIC_ENTRIES = ["web", "websecure"] as const;

export interface EdgeConfiguration {
    /** The namespaces whose Ingresses are served. */
    readonly namespaces: readonly string[];
    /** Whether Traefik's custom resources in these namespaces are read too: Middlewares and ServersTransports. */
    readonly customResources: boolean;
    readonly exposure: Exposure;
    readonly frontDoor: FrontDoor;
    /** `<namespace>/<name>` of the Service whose addresses Ingresses get when a load balancer gives it some. */
    readonly service: string;
}

/** Where Ingresses get their address from. */
function ingressEndpoint({ exposure, service }: EdgeConfiguration): string[] {
    const option = "--providers.kubernetesingress.ingressendpoint";
    if (exposure.kind === "loadBalancer") return [`${option}.publishedservice=${service}`];
    return exposure.address ? [`${option}.ip=${exposure.address.ip}`] : [];
}

/**
 * Options of the two public entry points. No limit for reading a request: an MCP client reads one event stream for as long
 * as its session lives, and a layer of an image takes as long as it takes; the default ends both after a minute. Writing
 * has no limit by default, bodies have no limit of size.
 */
function entryPoint(name: (typeof PUBLIC_ENTRIES)[number], { exposure, frontDoor }: EdgeConfiguration): string[] {
    const option = `--entrypoints.${name}`;
    const ranges = trustedRanges(frontDoor);
    return [
        `${option}.transport.respondingtimeouts.readtimeout=0`,
        ...(ranges.length ? [`${option}.forwardedheaders.trustedips=${ranges.join(",")}`] : []),
        // A load balancer learns a moment later that a pod ends; until then the pod still takes connections.
        ...(exposure.kind === "loadBalancer"
            ? [`${option}.transport.lifecycle.requestacceptgracetimeout=5`, `${option}.transport.lifecycle.gracetimeout=20`]
            : []),
    ];
}

/** Traefik's static configuration: https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/ */
export function traefikArguments(configuration: EdgeConfiguration): string[] {
    const namespaces = configuration.namespaces.join(",");
    return [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=INFO",
        "--log.format=json",
        `--entrypoints.web.address=:${EDGE_PORTS.web}/tcp`,
        `--entrypoints.websecure.address=:${EDGE_PORTS.websecure}/tcp`,
        "--entrypoints.websecure.http.tls=true",
        ...PUBLIC_ENTRIES.flatMap((name) => entryPoint(name, configuration)),
        `--entrypoints.traefik.address=:${EDGE_PORTS.ping}/tcp`,
        "--ping=true",
        "--providers.kubernetesingress=true",
        `--providers.kubernetesingress.ingressclass=${INGRESS_CLASS}`,
        `--providers.kubernetesingress.namespaces=${namespaces}`,
        "--providers.kubernetesingress.strictprefixmatching=true",
        ...ingressEndpoint(configuration),
        ...(configuration.customResources ? ["--providers.kubernetescrd=true", `--providers.kubernetescrd.namespaces=${namespaces}`] : []),
    ];
}

const READ = ["get", "list", "watch"];

/** What Traefik's Ingress provider reads and writes in each namespace it serves. It lists Secrets there, for certificates. */
const INGRESS_RULES: readonly PolicyRule[] = [
    { apiGroups: [""], resources: ["services", "secrets"], verbs: READ },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
    { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: READ },
    { apiGroups: ["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["update"] },
];

/** What its provider of custom resources reads beside that. It does not start unless it can watch every one of its kinds. */
const CUSTOM_RESOURCE_RULES: readonly PolicyRule[] = [
    { apiGroups: [""], resources: ["configmaps"], verbs: READ },
    {
        apiGroups: ["traefik.io"],
        resources: [
            "ingressroutes",
            "ingressroutetcps",
            "ingressrouteudps",
            "middlewares",
            "middlewaretcps",
            "serverstransports",
            "serverstransporttcps",
            "tlsoptions",
            "tlsstores",
            "traefikservices",
        ],
        verbs: READ,
    },
];

/** What Traefik may do in each namespace it serves. */
export function traefikNamespaceRules(customResources: boolean): readonly PolicyRule[] {
    return customResources ? [...INGRESS_RULES, ...CUSTOM_RESOURCE_RULES] : INGRESS_RULES;
}

/** What it reads that lives in no namespace. It does not start without the nodes, although it routes to no node port. */
export const TRAEFIK_CLUSTER_RULES: readonly PolicyRule[] = [
    { apiGroups: ["networking.k8s.io"], resources: ["ingressclasses"], verbs: READ },
    { apiGroups: [""], resources: ["nodes"], verbs: READ },
];

/** The MCP gateway: the only way into the pods of MCP servers. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createIdentity } from "../workloads/identity.ts";
import { deploymentArgs } from "../workloads/deployment.ts";
import { labelsOf, selectorOf } from "../workloads/labels.ts";
import type { Resources } from "../workloads/resources.ts";
import { gatewayIngressSpec, ingressAnnotations } from "./ingress.ts";

const NAME = "mcp-gateway";

type PolicyRule = kubernetes.types.input.rbac.v1.PolicyRule;

/** What the gateway reads in the namespace of MCP servers; it writes nothing. */
export const GATEWAY_SERVER_RULES: readonly PolicyRule[] = [
    { apiGroups: ["mcpruntime.org"], resources: ["mcpservers"], verbs: ["get", "list", "watch"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
];

/** The gateway's address inside the cluster. Known before it exists: the operator needs it too. */
export function gatewayUrl(namespace: string): string {
    return `http://${NAME}.${namespace}.svc.cluster.local`;
}

export interface GatewayArgs {
    readonly namespace: pulumi.Input<string>;
    readonly serversNamespace: pulumi.Input<string>;
    readonly image: string;
    /** The host that is routed to the gateway, and that its certificate names. */
    readonly host: string;
    /** More names and addresses that clients may use; the route then takes every host, and the gateway refuses all others. */
    readonly otherHosts: readonly string[];
    readonly ingressClass: pulumi.Input<string>;
    /** Secret of type `kubernetes.io/tls` for `host`, in `namespace`. */
    readonly certificate: pulumi.Input<string>;
    /** Whether the edge gives Ingresses an address to wait for. */
    readonly awaitAddress: boolean;
    /** Annotations of the Ingress, by which the edge knows what to do to requests. Default: none. */
    readonly annotations?: Readonly<Record<string, string>>;
    /** Secret in `namespace` that the platform's own image is pulled with. Default: none is needed. */
    readonly ownPullSecret?: pulumi.Input<string>;
    readonly resources: Resources;
}

/** The gateway with its Service and the route to it. */
export class Gateway extends pulumi.ComponentResource {
    constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
        const { image, host, otherHosts } = args;
        super("mcp:gateway:Gateway", name, { image, host, otherHosts: [...otherHosts] }, opts);
        const metadata = { name: NAME, namespace: args.namespace, labels: labelsOf(NAME) };
        const identity = createIdentity(
            name,
            {
                workload: NAME,
                namespace: args.namespace,
                grants: [{ suffix: "servers", namespace: args.serversNamespace, rules: GATEWAY_SERVER_RULES }],
            },
            this,
        );
        const deployment = new kubernetes.apps.v1.Deployment(
            `${name}-deployment`,
            deploymentArgs({
                name: NAME,
                namespace: args.namespace,
                image,
                args: ["gateway"],
                env: [
                    { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
                    { name: "SERVERS_NAMESPACE", value: args.serversNamespace },
                    { name: "ALLOWED_HOSTS", value: [host, ...otherHosts].join(",") },
                ],
                ports: { http: 8080, health: 8081 },
                readiness: { port: "health", path: "/readyz" },
                liveness: { port: "health", path: "/healthz" },
                resources: args.resources,
                apiAccess: true,
                ...(args.ownPullSecret === undefined ? {} : { pullSecret: args.ownPullSecret }),
            }),
            { parent: this, dependsOn: identity },
        );
        const service = new kubernetes.core.v1.Service(
            `${name}-service`,
            {
                metadata,
                spec: { selector: selectorOf(NAME), ports: [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }] },
            },
            { parent: this, dependsOn: deployment },
        );
        new kubernetes.networking.v1.Ingress(
            `${name}-ingress`,
            {
                metadata: { ...metadata, ...ingressAnnotations(args) },
                spec: gatewayIngressSpec({
                    host,
                    anyHost: otherHosts.length > 0,
                    ingressClass: args.ingressClass,
                    certificate: args.certificate,
                    service: service.metadata.name,
                }),
            },
            // No longer than the edge may take to come up, so that one that does not is told of without waiting further.
            { parent: this, customTimeouts: { create: "3m", update: "3m" } },
        );
        this.registerOutputs({});
    }
}

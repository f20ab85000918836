/** The edge: Traefik, the only way in from outside, as typed resources. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createIdentity } from "../workloads/identity.ts";
import { deploymentArgs } from "../workloads/deployment.ts";
import { labelsOf, selectorOf } from "../workloads/labels.ts";
import type { Resources } from "../workloads/resources.ts";
import { TRAEFIK_CLUSTER_RULES, TRAEFIK_NAMESPACE_RULES, traefikArguments, type PublishedAddress } from "./configuration.ts";
import { EDGE_PORTS, INGRESS_CLASS } from "./names.ts";

const NAME = "traefik";

/** How the edge is reached from outside the cluster. */
export interface Exposure {
    readonly kind: "nodePort";
    /** Ports on every node. */
    readonly http: number;
    readonly https: number;
    /** What Ingresses carry as their address. Without one, nobody waits for it. */
    readonly address?: PublishedAddress;
}

export interface EdgeArgs {
    readonly namespace: pulumi.Input<string>;
    /** The namespaces whose Ingresses are served. Traefik reads all Secrets in them. Plain: they decide names and roles. */
    readonly served: readonly { readonly name: string; readonly namespace: pulumi.Input<string> }[];
    readonly image: string;
    readonly exposure: Exposure;
    readonly resources: Resources;
}

/** Traefik with its IngressClass and the Service that exposes it. No dashboard, no telemetry. */
export class Edge extends pulumi.ComponentResource {
    /** The IngressClass, once there is somebody to serve it. */
    readonly ingressClass: pulumi.Output<string>;

    constructor(name: string, args: EdgeArgs, opts?: pulumi.ComponentResourceOptions) {
        const { image, exposure } = args;
        super("mcp:edge:Edge", name, { image, exposure }, opts);
        const child = { parent: this };
        const metadata = { name: NAME, namespace: args.namespace, labels: labelsOf(NAME) };

        const ingressClass = new kubernetes.networking.v1.IngressClass(
            `${name}-class`,
            { metadata: { name: INGRESS_CLASS, labels: labelsOf(NAME) }, spec: { controller: "traefik.io/ingress-controller" } },
            child,
        );
        const identity = createIdentity(
            name,
            {
                workload: NAME,
                namespace: args.namespace,
                clusterRules: TRAEFIK_CLUSTER_RULES,
                grants: args.served.map((served) => ({ suffix: served.name, namespace: served.namespace, rules: TRAEFIK_NAMESPACE_RULES })),
            },
            this,
        );
        const deployment = new kubernetes.apps.v1.Deployment(
            `${name}-deployment`,
            deploymentArgs({
                name: NAME,
                namespace: args.namespace,
                image,
                args: traefikArguments({ namespaces: args.served.map((served) => served.name), address: exposure.address }),
                ports: EDGE_PORTS,
                readiness: { port: "ping", path: "/ping" },
                liveness: { port: "ping", path: "/ping" },
                resources: args.resources,
                apiAccess: true,
            }),
            { parent: this, dependsOn: [ingressClass, ...identity] },
        );
        new kubernetes.core.v1.Service(
            `${name}-service`,
            {
                metadata,
                spec: {
                    type: "NodePort",
                    selector: selectorOf(NAME),
                    ports: [
                        { name: "web", port: 80, targetPort: "web", nodePort: exposure.http, protocol: "TCP" },
                        { name: "websecure", port: 443, targetPort: "websecure", nodePort: exposure.https, protocol: "TCP" },
                    ],
                },
            },
            { parent: this, dependsOn: deployment },
        );
        this.ingressClass = ingressClass.metadata.name;
        this.registerOutputs({ ingressClass: this.ingressClass });
    }
}

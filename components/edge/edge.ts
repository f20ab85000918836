/** The edge: Traefik, the only way in from outside, as typed resources. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Definition } from "../definitions/read.ts";
import { registerDefinitions } from "../definitions/register.ts";
import { NAMESPACES } from "../namespaces/names.ts";
import { createIdentity } from "../workloads/identity.ts";
import { deploymentArgs } from "../workloads/deployment.ts";
import { createDisruptionBudget } from "../workloads/disruption.ts";
import { labelsOf, selectorOf } from "../workloads/labels.ts";
import type { Resources } from "../workloads/resources.ts";
import { TRAEFIK_CLUSTER_RULES, traefikArguments, traefikNamespaceRules } from "./configuration.ts";
import { edgeServiceSpec, type Exposure, type FrontDoor } from "./exposure.ts";
import { EDGE_PORTS, INGRESS_CLASS } from "./names.ts";
import { placed, placementOf } from "./placement.ts";

const NAME = "traefik";

/** A namespace with Ingresses to serve. Plain name: it decides names and roles. */
export interface ServedNamespace {
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
}

export interface EdgeArgs {
    /** Traefik's own namespace, `NAMESPACES.edge`. */
    readonly namespace: pulumi.Input<string>;
    /** The namespaces whose Ingresses are served. Traefik reads all Secrets in them. */
    readonly served: readonly ServedNamespace[];
    readonly image: string;
    readonly exposure: Exposure;
    /** Default: clients connect directly. */
    readonly frontDoor?: FrontDoor;
    /** Traefik's definitions. With them, Middlewares and ServersTransports in the served namespaces take effect. Default: none. */
    readonly definitions?: readonly Definition[];
    readonly resources: Resources;
}

/** The namespaces that Traefik watches: its own too where it reads the addresses of its Service. */
function watched({ namespace, served, exposure }: EdgeArgs): readonly ServedNamespace[] {
    return exposure.kind === "loadBalancer" ? [...served, { name: NAMESPACES.edge, namespace }] : served;
}

/** Traefik with its IngressClass and the Service that exposes it. No dashboard, no telemetry. */
export class Edge extends pulumi.ComponentResource {
    /** The IngressClass, once there is somebody to serve it. */
    readonly ingressClass: pulumi.Output<string>;
    /** Traefik's definitions, which its custom resources wait for. */
    readonly definitions: readonly pulumi.Resource[];

    constructor(name: string, args: EdgeArgs, opts?: pulumi.ComponentResourceOptions) {
        const { image, namespace, exposure, frontDoor = { mode: "direct" } } = args;
        super("mcp:edge:Edge", name, { image, exposure, frontDoor }, opts);
        const child = { parent: this };
        const metadata = { name: NAME, namespace, labels: labelsOf(NAME) };
        this.definitions = registerDefinitions(args.definitions ?? [], this);

        const ingressClass = new kubernetes.networking.v1.IngressClass(
            `${name}-class`,
            { metadata: { name: INGRESS_CLASS, labels: labelsOf(NAME) }, spec: { controller: "traefik.io/ingress-controller" } },
            child,
        );
        const customResources = this.definitions.length > 0;
        const watches = watched(args);
        const rules = traefikNamespaceRules(customResources);
        const identity = createIdentity(
            name,
            {
                workload: NAME,
                namespace,
                clusterRules: TRAEFIK_CLUSTER_RULES,
                grants: watches.map((one) => ({ suffix: one.name, namespace: one.namespace, rules })),
            },
            this,
        );
        const placement = placementOf(exposure, selectorOf(NAME));
        const deployment = new kubernetes.apps.v1.Deployment(
            `${name}-deployment`,
            placed(
                deploymentArgs({
                    name: NAME,
                    namespace,
                    image,
                    args: traefikArguments({
                        namespaces: watches.map((one) => one.name),
                        customResources,
                        exposure,
                        frontDoor,
                        service: `${NAMESPACES.edge}/${NAME}`,
                    }),
                    ports: EDGE_PORTS,
                    readiness: { port: "ping", path: "/ping" },
                    liveness: { port: "ping", path: "/ping" },
                    resources: args.resources,
                    replicas: placement.replicas,
                    apiAccess: true,
                }),
                placement,
            ),
            { parent: this, dependsOn: [ingressClass, ...identity, ...this.definitions] },
        );
        createDisruptionBudget(name, { name: NAME, namespace, replicas: placement.replicas }, this);
        new kubernetes.core.v1.Service(
            `${name}-service`,
            { metadata, spec: { ...edgeServiceSpec(exposure, frontDoor), selector: selectorOf(NAME) } },
            { parent: this, dependsOn: deployment },
        );
        this.ingressClass = ingressClass.metadata.name;
        this.registerOutputs({ ingressClass: this.ingressClass });
    }
}

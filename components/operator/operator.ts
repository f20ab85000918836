/** The MCP operator: turns MCPServer objects into running, verified servers. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createIdentity } from "../workloads/identity.ts";
import { deploymentArgs } from "../workloads/deployment.ts";
import { partOf } from "../workloads/labels.ts";
import type { Resources } from "../workloads/resources.ts";
import { OPERATOR_RULES } from "./access.ts";
import { mcpServerDefinition } from "./definition.ts";

const NAME = "mcp-operator";

export interface OperatorArgs {
    readonly namespace: pulumi.Input<string>;
    /** Where MCPServers and their pods are. */
    readonly serversNamespace: pulumi.Input<string>;
    /** The operator's image; servers' pods get the bridge from it. */
    readonly image: string;
    readonly gateway: {
        /** The gateway inside the cluster, as a URL. */
        readonly internalUrl: string;
        /** The host servers are reached under. */
        readonly host: string;
        /** What clients begin a server's URL with. */
        readonly publicUrl: string;
    };
    /** How long a handshake stays good, seconds. Default 5. */
    readonly probePeriodSeconds?: number;
    /** Secret in `serversNamespace` that servers' images are pulled with. Default: none. */
    readonly imagePullSecret?: pulumi.Input<string> | undefined;
    /** Where servers that are npm packages come from. Default: npm's own registry. */
    readonly npmRegistry?: string | undefined;
    /** Secret in `namespace` that the platform's own image is pulled with. Default: none is needed. */
    readonly ownPullSecret?: pulumi.Input<string>;
    readonly resources: Resources;
}

/** The definition of MCPServer and the controller that acts on it. */
export class Operator extends pulumi.ComponentResource {
    /** The CustomResourceDefinition, for what reads MCPServers beside the operator. */
    readonly definition: pulumi.Resource;

    constructor(name: string, args: OperatorArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:operator:Operator", name, { image: args.image }, opts);
        const { metadata, ...definition } = mcpServerDefinition();
        const annotations = { "pulumi.com/waitFor": "condition=Established" };
        this.definition = new kubernetes.apiextensions.v1.CustomResourceDefinition(
            `${name}-definition`,
            { ...definition, metadata: { ...metadata, labels: partOf, annotations } },
            { parent: this },
        );
        const identity = createIdentity(
            name,
            {
                workload: NAME,
                namespace: args.namespace,
                grants: [{ suffix: "servers", namespace: args.serversNamespace, rules: OPERATOR_RULES }],
            },
            this,
        );
        const env: Readonly<Record<string, pulumi.Input<string>>> = {
            SERVERS_NAMESPACE: args.serversNamespace,
            OPERATOR_IMAGE: args.image,
            GATEWAY_URL: args.gateway.internalUrl,
            GATEWAY_HOST: args.gateway.host,
            PUBLIC_URL: args.gateway.publicUrl,
            PROBE_PERIOD_SECONDS: String(args.probePeriodSeconds ?? 5),
            ...(args.imagePullSecret === undefined ? {} : { IMAGE_PULL_SECRET: args.imagePullSecret }),
            ...(args.npmRegistry === undefined ? {} : { NPM_REGISTRY: args.npmRegistry }),
        };
        new kubernetes.apps.v1.Deployment(
            `${name}-deployment`,
            deploymentArgs({
                name: NAME,
                namespace: args.namespace,
                image: args.image,
                args: ["controller"],
                env: [
                    { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
                    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                    ...Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
                ],
                ports: { health: 8081, metrics: 8082 },
                readiness: { port: "health", path: "/readyz" },
                liveness: { port: "health", path: "/healthz" },
                resources: args.resources,
                apiAccess: true,
                ...(args.ownPullSecret === undefined ? {} : { pullSecret: args.ownPullSecret }),
            }),
            { parent: this, dependsOn: [this.definition, ...identity] },
        );
        this.registerOutputs({});
    }
}

/** Nodes: what the cluster is told about the machines it runs on. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { INGRESS_NODE_LABELS } from "./labels.ts";

export interface IngressNodesArgs {
    /** Names of the nodes. Plain: they decide which patches exist. */
    readonly nodes: readonly string[];
}

/** Labels nodes that others registered; the labels go when a node is no longer named. */
export class IngressNodes extends pulumi.ComponentResource {
    constructor(name: string, args: IngressNodesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:nodes:IngressNodes", name, { nodes: [...args.nodes] }, opts);
        for (const node of args.nodes) {
            new kubernetes.core.v1.NodePatch(
                `${name}-${node}`,
                // Whoever labelled the node by hand before said the same.
                { metadata: { name: node, labels: INGRESS_NODE_LABELS, annotations: { "pulumi.com/patchForce": "true" } } },
                { parent: this },
            );
        }
        this.registerOutputs({});
    }
}

/** Namespaces: where the platform's parts live, closed by default. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ApiServer } from "../network/facts.ts";
import type { Network } from "../network/flows.ts";
import { policiesOf, policyNames, type PolicySpec } from "../network/policies.ts";
import { partOf } from "../workloads/labels.ts";
import type { NamespaceName } from "./names.ts";

export interface PlatformNamespaceArgs {
    /** The namespace's own name. Plain: it decides which policies exist. */
    readonly namespace: NamespaceName;
    /** All flows of the platform; the namespace gets the policies of its own pods. Plain, for the same reason. */
    readonly network: Network;
    /** Where policies see the API server: nothing but what they say depends on it. */
    readonly apiServer: pulumi.Input<ApiServer>;
}

/** Pod Security Standard of every namespace: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export const POD_SECURITY = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
    "pod-security.kubernetes.io/audit": "restricted",
    "pod-security.kubernetes.io/audit-version": "latest",
    "pod-security.kubernetes.io/warn": "restricted",
    "pod-security.kubernetes.io/warn-version": "latest",
} as const;

/**
 * A namespace with the restricted Pod Security Standard and all traffic denied both ways, except what the flow table
 * allows. Whoever depends on it starts under its policies.
 */
export class PlatformNamespace extends pulumi.ComponentResource {
    /** The namespace's name, known once it exists. */
    readonly name: pulumi.Output<string>;

    constructor(name: string, args: PlatformNamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:namespaces:PlatformNamespace", name, { namespace: args.namespace }, opts);
        const namespace = new kubernetes.core.v1.Namespace(
            `${name}-namespace`,
            { metadata: { name: args.namespace, labels: { ...partOf, ...POD_SECURITY } } },
            { parent: this },
        );
        this.name = namespace.metadata.name;
        const specs = pulumi
            .output(args.apiServer)
            .apply((apiServer) =>
                Object.fromEntries(policiesOf(args.namespace, args.network, apiServer).map((policy) => [policy.name, policy.spec])),
            );
        for (const policy of policyNames(args.namespace, args.network)) {
            new kubernetes.networking.v1.NetworkPolicy(
                `${name}-${policy}`,
                {
                    metadata: { name: policy, namespace: this.name, labels: partOf },
                    spec: specs.apply((all) => all[policy] as PolicySpec),
                },
                { parent: this },
            );
        }
        this.registerOutputs({ name: this.name });
    }
}

import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../workloads/labels.ts";
import type { KindRegistryPlan } from "./plan.ts";

export interface RegistryHostingArgs {
    readonly registry: Pick<KindRegistryPlan, "name" | "port">;
}

/** What tools are told about a local registry, YAML: https://github.com/kubernetes/enhancements/tree/master/keps/sig-cluster-lifecycle/generic/1755-communicating-a-local-registry */
export function localRegistryHosting({ name, port }: RegistryHostingArgs["registry"]): string {
    const fields = {
        host: `localhost:${port}`,
        hostFromContainerRuntime: `${name}:5000`,
        hostFromClusterNetwork: `${name}:5000`,
        help: "https://kind.sigs.k8s.io/docs/user/local-registry/",
    };
    return Object.entries(fields)
        .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
        .join("");
}

/** Says in the cluster, where every tool may read it, which registry is beside its nodes. */
export class RegistryHosting extends pulumi.ComponentResource {
    constructor(name: string, args: RegistryHostingArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:kind:RegistryHosting", name, {}, opts);
        new kubernetes.core.v1.ConfigMap(
            `${name}-configuration`,
            {
                metadata: { name: "local-registry-hosting", namespace: "kube-public", labels: labelsOf("local-registry-hosting") },
                data: { "localRegistryHosting.v1": localRegistryHosting(args.registry) },
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

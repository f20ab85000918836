import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { partOf } from "../workloads/labels.ts";
import { edgeServiceSpec, trustedRanges, type FrontDoor, type LoadBalancerExposure } from "./exposure.ts";
import { placementOf } from "./placement.ts";

/** Where k3s keeps its Traefik, and the labels of its pods. */
export const PACKAGED_TRAEFIK = { namespace: "kube-system", labels: { "app.kubernetes.io/name": "traefik" } } as const;

export interface PackagedEdgeArgs {
    readonly exposure: LoadBalancerExposure;
    readonly frontDoor: FrontDoor;
}

/**
 * Values of Traefik's Helm chart, major versions 40 and 41, which k3s v1.36 and v1.37 ship: what `traefikArguments`,
 * `placementOf` and `edgeServiceSpec` say of our own. k3s owns the rest, its image and its rights among it.
 */
export function packagedValues({ exposure, frontDoor }: PackagedEdgeArgs): Readonly<Record<string, unknown>> {
    const { replicas, pod } = placementOf(exposure, PACKAGED_TRAEFIK.labels);
    const { externalTrafficPolicy, loadBalancerSourceRanges } = edgeServiceSpec(exposure, frontDoor);
    const ranges = trustedRanges(frontDoor);
    const entryPoint = {
        transport: { respondingTimeouts: { readTimeout: 0 }, lifeCycle: { requestAcceptGraceTimeout: 5, graceTimeOut: 20 } },
        ...(ranges.length ? { forwardedHeaders: { trustedIPs: [...ranges] } } : {}),
    };
    return {
        deployment: { replicas },
        ...pod,
        ...(replicas > 1 ? { podDisruptionBudget: { enabled: true, maxUnavailable: 1 } } : {}),
        service: { spec: { externalTrafficPolicy, ...(loadBalancerSourceRanges ? { loadBalancerSourceRanges } : {}) } },
        ports: { web: entryPoint, websecure: entryPoint },
        providers: { kubernetesIngress: { strictPrefixMatching: true } },
    };
}

/** The Traefik that k3s ships, configured as ours would be: https://docs.k3s.io/helm#customizing-packaged-components-with-helmchartconfig */
export class PackagedEdge extends pulumi.ComponentResource {
    constructor(name: string, args: PackagedEdgeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:edge:PackagedEdge", name, { ...args }, opts);
        new kubernetes.apiextensions.CustomResource(
            `${name}-configuration`,
            {
                apiVersion: "helm.cattle.io/v1",
                kind: "HelmChartConfig",
                metadata: { name: "traefik", namespace: PACKAGED_TRAEFIK.namespace, labels: partOf },
                // JSON is YAML.
                spec: { valuesContent: JSON.stringify(packagedValues(args), undefined, 2) },
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

/** What of the API the enforcer reads, reduced to what decides about packets. Pure. */

export type Labels = Readonly<Record<string, string>>;

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/ */
export interface LabelSelector {
    readonly matchLabels?: Labels;
    readonly matchExpressions?: readonly {
        readonly key: string;
        readonly operator: string;
        readonly values?: readonly string[];
    }[];
}

export type Protocol = "TCP" | "UDP" | "SCTP";

export interface PolicyPeer {
    readonly podSelector?: LabelSelector;
    readonly namespaceSelector?: LabelSelector;
    readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

export interface PolicyPort {
    readonly protocol?: Protocol;
    readonly port?: number | string;
    readonly endPort?: number;
}

interface Rule {
    readonly ports?: readonly PolicyPort[];
}

/** https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ */
export interface NetworkPolicy {
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly spec: {
        readonly podSelector?: LabelSelector;
        readonly policyTypes?: readonly ("Ingress" | "Egress")[];
        readonly ingress?: readonly (Rule & { readonly from?: readonly PolicyPeer[] })[];
        readonly egress?: readonly (Rule & { readonly to?: readonly PolicyPeer[] })[];
    };
}

export interface Namespace {
    readonly name: string;
    readonly labels: Labels;
}

export interface NamedPort {
    readonly name: string;
    readonly protocol: Protocol;
    readonly port: number;
}

/** A pod that takes part in the pod network: not on its node's own network, and not ended. */
export interface Pod {
    readonly uid: string;
    readonly name: string;
    readonly namespace: string;
    readonly labels: Labels;
    /** Undefined while it is not scheduled. */
    readonly node: string | undefined;
    /** What the API says; undefined until the kubelet has told it. */
    readonly address: string | undefined;
    readonly ports: readonly NamedPort[];
}

/** A pod at an address of its node. */
export interface PlacedPod extends Pod {
    readonly node: string;
    readonly address: string;
}

/** Everything that the rules of all nodes follow from. */
export interface World {
    readonly namespaces: ReadonlyMap<string, Labels>;
    readonly policies: readonly NetworkPolicy[];
    readonly pods: readonly PlacedPod[];
}

/** The fields of a Pod object that matter here. */
export interface PodObject {
    readonly metadata: { readonly uid: string; readonly name: string; readonly namespace: string; readonly labels?: Labels };
    readonly spec: {
        readonly nodeName?: string;
        readonly hostNetwork?: boolean;
        readonly containers?: readonly Container[];
        readonly initContainers?: readonly (Container & { readonly restartPolicy?: string })[];
    };
    readonly status?: { readonly phase?: string; readonly podIP?: string };
}

interface Container {
    readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: Protocol }[];
}

/** Undefined for a pod that no policy is about: one that has ended, or one with its node's address. */
export function podOf({ metadata, spec, status }: PodObject): Pod | undefined {
    if (spec.hostNetwork || status?.phase === "Succeeded" || status?.phase === "Failed") return undefined;
    const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
    const ports = [...(spec.containers ?? []), ...sidecars].flatMap((container) => container.ports ?? []);
    return {
        uid: metadata.uid,
        name: metadata.name,
        namespace: metadata.namespace,
        labels: metadata.labels ?? {},
        node: spec.nodeName,
        address: status?.podIP,
        ports: ports.flatMap(({ name, containerPort, protocol = "TCP" }) => (name ? [{ name, protocol, port: containerPort }] : [])),
    };
}

/** Whether labels are what a selector asks for; an empty selector asks for nothing. */
export function matches(selector: LabelSelector, labels: Labels): boolean {
    const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
    return (
        equal &&
        (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
            const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
            switch (operator) {
                case "In":
                    return value !== undefined && values.includes(value);
                case "NotIn":
                    return value === undefined || !values.includes(value);
                case "Exists":
                    return value !== undefined;
                case "DoesNotExist":
                    return value === undefined;
                default:
                    return false; // a later Kubernetes' operator: what is not understood selects nothing
            }
        })
    );
}

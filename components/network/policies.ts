import type { NamespaceName } from "../namespaces/names.ts";
import { WORKLOADS, type Flow, type Outside, type PortRange, type WorkloadName } from "./flows.ts";

type Labels = Readonly<Record<string, string>>;

export interface PolicyPeer {
    readonly namespaceSelector?: { readonly matchLabels: Labels };
    readonly podSelector?: { readonly matchLabels: Labels };
    readonly ipBlock?: { readonly cidr: string; readonly except?: string[] };
}

interface Rule {
    readonly ports: PortRange[];
}

/** The `spec` of a NetworkPolicy: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ */
export interface PolicySpec {
    readonly podSelector: { readonly matchLabels?: Labels };
    readonly policyTypes: ("Ingress" | "Egress")[];
    readonly ingress?: (Rule & { readonly from?: PolicyPeer[] })[];
    readonly egress?: (Rule & { readonly to?: PolicyPeer[] })[];
}

export interface Policy {
    readonly name: string;
    readonly spec: PolicySpec;
}

/** Ranges that are never the internet: private, shared, loopback, link-local (with every cloud's metadata) and multicast. */
export const PRIVATE_RANGES = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
] as const;

const isWorkload = (end: string): end is WorkloadName => end in WORKLOADS;

/** The peers that stand for one end of a flow; undefined is every address. */
function peersOf(end: WorkloadName | Outside): PolicyPeer[] | undefined {
    if (isWorkload(end)) {
        const { namespace, labels } = WORKLOADS[end];
        return [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } }, podSelector: { matchLabels: labels } }];
    }
    switch (end) {
        case "dns":
            return [
                {
                    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
                    podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
                },
            ];
        case "internet":
            return [{ ipBlock: { cidr: "0.0.0.0/0", except: [...PRIVATE_RANGES] } }];
        case "apiServer":
        case "anywhere":
            return undefined;
    }
}

function allowed(workload: WorkloadName, flows: readonly Flow[]): PolicySpec {
    const ingress = flows.filter(({ to }) => to === workload);
    const egress = flows.filter(({ from }) => from === workload);
    return {
        podSelector: { matchLabels: WORKLOADS[workload].labels },
        policyTypes: ["Ingress", "Egress"],
        ingress: ingress.map(({ from, ports }) => ({ ...withPeers("from", peersOf(from)), ports: [...ports] })),
        egress: egress.map(({ to, ports }) => ({ ...withPeers("to", peersOf(to)), ports: [...ports] })),
    };
}

function withPeers<Key extends "from" | "to">(key: Key, peers: PolicyPeer[] | undefined) {
    return (peers ? { [key]: peers } : {}) as { readonly [K in Key]?: PolicyPeer[] };
}

/** The policies of a namespace: all denied both ways, then one for each of its workloads with what the table allows. */
export function policiesOf(namespace: NamespaceName, flows: readonly Flow[]): Policy[] {
    const workloads = (Object.keys(WORKLOADS) as WorkloadName[]).filter((name) => WORKLOADS[name].namespace === namespace);
    return [
        { name: "default-deny", spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
        ...workloads.map((workload) => ({ name: `allow-${workload}`, spec: allowed(workload, flows) })),
    ];
}

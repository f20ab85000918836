/** What the cluster itself puts into its API: Node objects, cluster DNS, storage. Pure. */
import { createHash } from "node:crypto";
import type { KubernetesObject } from "./api.ts";
import { VOLUMES_FOLDER } from "./node-files.ts";
import { ADDRESSES, CLUSTER_DOMAIN, POLICY_ENFORCER, VOLUME_CAPACITY, VOLUMES_PER_NODE, type NodePlan } from "./plan.ts";

export const COREDNS_IMAGE = "localhost/mcp-platform/coredns:v1.15.0";
export const STORAGE_CLASS = "standard";
export const PROVIDED_BY = { "app.kubernetes.io/managed-by": "mcp-platform-cluster" };

/** An object with the path it is applied to. */
export interface Placed {
    readonly path: string;
    readonly object: KubernetesObject;
}

const RESOURCES: Readonly<Record<string, string>> = {
    Node: "api/v1/nodes",
    PersistentVolume: "api/v1/persistentvolumes",
    StorageClass: "apis/storage.k8s.io/v1/storageclasses",
    ClusterRole: "apis/rbac.authorization.k8s.io/v1/clusterroles",
    ClusterRoleBinding: "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    ServiceAccount: "api/v1/namespaces/kube-system/serviceaccounts",
    ConfigMap: "api/v1/namespaces/kube-system/configmaps",
    Service: "api/v1/namespaces/kube-system/services",
    Deployment: "apis/apps/v1/namespaces/kube-system/deployments",
};

function placed(object: KubernetesObject): Placed {
    return { path: `/${RESOURCES[object.kind]}/${object.metadata.name}`, object };
}

/** The Node object, applied before the kubelet starts: the plan owns the pod network, not a controller. */
export function nodeObject(node: NodePlan): Placed {
    return placed({
        apiVersion: "v1",
        kind: "Node",
        metadata: { name: node.name, labels: { "kubernetes.io/hostname": node.name } },
        spec: { podCIDR: node.podCidr, podCIDRs: [node.podCidr] },
    });
}

export function storageClass(): Placed {
    return placed({
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: STORAGE_CLASS, labels: PROVIDED_BY, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
        provisioner: "kubernetes.io/no-provisioner",
        volumeBindingMode: "WaitForFirstConsumer",
        reclaimPolicy: "Retain", // the supervisor empties a released volume and offers it again
    });
}

export function volumeName(node: NodePlan, number: number): string {
    return `${node.name}-volume-${number}`;
}

/** The volumes a node offers: folders in its own /var. */
export function nodeVolumes(node: NodePlan): Placed[] {
    return Array.from({ length: VOLUMES_PER_NODE }, (_, i) =>
        placed({
            apiVersion: "v1",
            kind: "PersistentVolume",
            metadata: { name: volumeName(node, i + 1), labels: PROVIDED_BY },
            spec: {
                capacity: { storage: VOLUME_CAPACITY },
                accessModes: ["ReadWriteOnce"],
                persistentVolumeReclaimPolicy: "Retain",
                storageClassName: STORAGE_CLASS,
                local: { path: `${VOLUMES_FOLDER}/${i + 1}` },
                nodeAffinity: {
                    required: {
                        nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node.name] }] }],
                    },
                },
            },
        }),
    );
}

/**
 * Two servers, because in one the template would answer first for the cluster's names, too. Names outside the cluster do
 * not exist here: said at once, where a timeout would hold every caller up.
 */
const COREFILE = `${CLUSTER_DOMAIN}:53 in-addr.arpa:53 ip6.arpa:53 {
    errors
    health
    ready
    kubernetes ${CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {
        ttl 5
    }
    cache 5
}
.:53 {
    template ANY ANY {
        rcode NXDOMAIN
    }
}
`;

export function clusterDns(): Placed[] {
    const metadata = { name: "coredns", namespace: "kube-system", labels: PROVIDED_BY };
    const role = { name: "system:coredns", labels: PROVIDED_BY };
    const rbac = "rbac.authorization.k8s.io";
    return [
        { apiVersion: "v1", kind: "ServiceAccount", metadata },
        {
            apiVersion: `${rbac}/v1`,
            kind: "ClusterRole",
            metadata: role,
            rules: [
                { apiGroups: [""], resources: ["services", "pods", "namespaces"], verbs: ["list", "watch"] },
                { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
            ],
        },
        {
            apiVersion: `${rbac}/v1`,
            kind: "ClusterRoleBinding",
            metadata: role,
            roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role.name },
            subjects: [{ kind: "ServiceAccount", name: "coredns", namespace: "kube-system" }],
        },
        { apiVersion: "v1", kind: "ConfigMap", metadata, data: { Corefile: COREFILE } },
        {
            apiVersion: "v1",
            kind: "Service",
            metadata: { ...metadata, name: "kube-dns" },
            spec: {
                clusterIP: ADDRESSES.dnsService,
                selector: { "k8s-app": "kube-dns" },
                ports: [
                    { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
                    { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
                ],
            },
        },
        { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: dnsDeployment() },
    ].map(placed);
}

/** What the NetworkPolicy enforcer may do: read what its rules follow from. */
export function enforcerAccess(): Placed[] {
    const rbac = "rbac.authorization.k8s.io";
    const metadata = { name: POLICY_ENFORCER, labels: PROVIDED_BY };
    return [
        {
            apiVersion: `${rbac}/v1`,
            kind: "ClusterRole",
            metadata,
            rules: [
                { apiGroups: [""], resources: ["pods", "namespaces"], verbs: ["list", "watch"] },
                { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["list", "watch"] },
            ],
        },
        {
            apiVersion: `${rbac}/v1`,
            kind: "ClusterRoleBinding",
            metadata,
            roleRef: { apiGroup: rbac, kind: "ClusterRole", name: POLICY_ENFORCER },
            subjects: [{ apiGroup: rbac, kind: "User", name: POLICY_ENFORCER }],
        },
    ].map(placed);
}

function digestOf(text: string): string {
    return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function dnsDeployment(): object {
    return {
        replicas: 1,
        selector: { matchLabels: { "k8s-app": "kube-dns" } },
        template: {
            // Another configuration makes other pods.
            metadata: { labels: { "k8s-app": "kube-dns" }, annotations: { "mcp-platform/configuration": digestOf(COREFILE) } },
            spec: {
                serviceAccountName: "coredns",
                priorityClassName: "system-cluster-critical",
                dnsPolicy: "Default",
                terminationGracePeriodSeconds: 2,
                tolerations: [{ operator: "Exists" }],
                securityContext: { seccompProfile: { type: "RuntimeDefault" } },
                containers: [
                    {
                        name: "coredns",
                        image: COREDNS_IMAGE,
                        imagePullPolicy: "IfNotPresent",
                        args: ["-conf", "/etc/coredns/Corefile"],
                        ports: [{ name: "dns", containerPort: 53, protocol: "UDP" }],
                        readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
                        livenessProbe: { httpGet: { path: "/health", port: 8080 }, periodSeconds: 10, failureThreshold: 5 },
                        resources: { requests: { cpu: "10m", memory: "30Mi" }, limits: { memory: "170Mi" } },
                        securityContext: {
                            allowPrivilegeEscalation: false,
                            readOnlyRootFilesystem: true,
                            capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
                        },
                        volumeMounts: [{ name: "configuration", mountPath: "/etc/coredns", readOnly: true }],
                    },
                ],
                volumes: [{ name: "configuration", configMap: { name: "coredns" } }],
            },
        },
    };
}

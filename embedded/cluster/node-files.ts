/** The configuration of a node's programs. Pure; all paths are as the node sees them. */
import { ADDRESSES, CLUSTER_DOMAIN, type NodePlan } from "./plan.ts";

/** Where a node finds its own folder and the tools, whatever their paths on the machine. */
export const NODE_ROOT = "/run/node";
export const TOOLS_ROOT = "/run/tools";
export const CONTAINERD_SOCKET = "/run/containerd/containerd.sock";
export const PAUSE_IMAGE = "localhost/mcp-platform/pause:3.10.1";
export const VOLUMES_FOLDER = "/var/lib/volumes";

/**
 * Kernel settings of the whole machine that the kubelet insists on. The node is shown files with these values in
 * their place: the kubelet finds what it wants, and the machine's own settings stay as they are.
 */
export const SHOWN_SYSCTLS: Readonly<Record<string, string>> = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
};

/** A TOML string: JSON's escapes are TOML's, which wants one more character escaped. */
function toml(text: string): string {
    return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}

export function containerdConfig(snapshotter: "overlayfs" | "native"): string {
    const disabled = [
        "io.containerd.snapshotter.v1.btrfs",
        "io.containerd.snapshotter.v1.zfs",
        "io.containerd.snapshotter.v1.devmapper",
        "io.containerd.snapshotter.v1.erofs",
        "io.containerd.snapshotter.v1.blockfile",
        "io.containerd.nri.v1.nri",
        "io.containerd.tracing.processor.v1.otlp",
        "io.containerd.internal.v1.tracing",
        "io.containerd.internal.v1.opt", // would make a folder below the machine's /opt
    ];
    return `version = 3
imports = []
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [${disabled.map(toml).join(", ")}]

[grpc]
address = ${toml(CONTAINERD_SOCKET)}

[plugins."io.containerd.cri.v1.images"]
snapshotter = ${toml(snapshotter)}

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = ${toml(PAUSE_IMAGE)}

[plugins."io.containerd.cri.v1.images".registry]
config_path = ${toml(`${NODE_ROOT}/etc/mirrors`)}

[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = ${toml(`${TOOLS_ROOT}/runc/runc`)}
SystemdCgroup = false

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = [${[`${TOOLS_ROOT}/cni`, `${TOOLS_ROOT}/node-init`].map(toml).join(", ")}]
conf_dir = ${toml(`${NODE_ROOT}/etc/cni`)}
`;
}

/** containerd's hosts.toml for one image host. */
export function mirrorConfig(endpoint: string): string {
    return `server = ${toml(endpoint)}\n\n[host.${toml(endpoint)}]\ncapabilities = ["pull", "resolve"]\n`;
}

export function cniConfig(node: NodePlan): object {
    return {
        cniVersion: "1.0.0",
        name: "pods",
        plugins: [
            {
                type: "bridge",
                bridge: "cni0",
                isGateway: true,
                isDefaultGateway: true,
                hairpinMode: true,
                ipMasq: false,
                mtu: 1500,
                // Below /run, so that a node that died has leased nothing when it comes back.
                ipam: { type: "host-local", dataDir: "/run/cni-ipam", ranges: [[{ subnet: node.podCidr }]] },
            },
            { type: "portmap", capabilities: { portMappings: true }, snat: true },
            // Last, when the address is given: the pod begins when the rules for it are in force.
            { type: "await-policies", folder: `${NODE_ROOT}/addresses` },
        ],
    };
}

export function kubeletConfig(node: NodePlan): object {
    const pki = `${NODE_ROOT}/etc/pki`;
    return {
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        address: node.address,
        port: 10250,
        readOnlyPort: 0,
        authentication: { anonymous: { enabled: false }, x509: { clientCAFile: `${pki}/ca.crt` }, webhook: { enabled: true } },
        authorization: { mode: "Webhook" },
        tlsCertFile: `${pki}/kubelet.crt`,
        tlsPrivateKeyFile: `${pki}/kubelet.key`,
        containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
        clusterDNS: [ADDRESSES.dnsService],
        clusterDomain: CLUSTER_DOMAIN,
        resolvConf: `${NODE_ROOT}/etc/resolv.conf`,
        volumePluginDir: "/var/lib/kubelet/volume-plugins",
        failCgroupV1: false,
        cgroupDriver: "cgroupfs",
        cgroupsPerQOS: true,
        enforceNodeAllocatable: ["pods"],
        failSwapOn: false,
        evictionHard: { "memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%", "nodefs.inodesFree": "1%" },
        // The preloaded images cannot be had again: they are never collected.
        imageGCHighThresholdPercent: 100,
        // Else a preloaded image is refused once a registry's credentials were ever used for one of its names.
        imagePullCredentialsVerificationPolicy: "NeverVerify",
        serializeImagePulls: false,
        containerLogMaxSize: "4Mi",
        containerLogMaxFiles: 2,
        maxPods: 110,
    };
}

export function kubeProxyConfig(node: NodePlan): object {
    return {
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        // The nftables mode has no NodePorts on 127.0.0.1, which is how containerd reaches a registry in the cluster.
        mode: "iptables",
        iptables: { localhostNodePorts: true, minSyncPeriod: "0.2s" },
        clusterCIDR: ADDRESSES.podNetwork,
        hostnameOverride: node.name,
        clientConnection: { kubeconfig: `${NODE_ROOT}/etc/pki/kube-proxy.kubeconfig` },
        conntrack: { maxPerCore: 0, min: 0 },
        healthzBindAddress: "127.0.0.1:10256",
        metricsBindAddress: "127.0.0.1:10249",
    };
}

function json(value: object): string {
    return JSON.stringify(value, undefined, 1) + "\n";
}

/** A node's files below its `etc` folder that hold no secret. */
export function nodeFiles(
    node: NodePlan,
    mirrors: Readonly<Record<string, string>>,
    snapshotter: "overlayfs" | "native",
): ReadonlyMap<string, string> {
    return new Map([
        ["containerd.toml", containerdConfig(snapshotter)],
        ["kubelet.json", json(kubeletConfig(node))],
        ["kube-proxy.json", json(kubeProxyConfig(node))],
        ["cni/10-pods.conflist", json(cniConfig(node))],
        // There is no way out of the cluster's network: names outside of it are answered with "no such name" at once.
        ["resolv.conf", `nameserver ${ADDRESSES.dnsService}\n`],
        ...Object.entries(mirrors).map(([host, endpoint]) => [`mirrors/${host}/hosts.toml`, mirrorConfig(endpoint)] as const),
        ...Object.entries(SHOWN_SYSCTLS).map(([path, value]) => [`sysctl/${path.replaceAll("/", ".")}`, `${value}\n`] as const),
    ]);
}

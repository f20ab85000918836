/** The programs of a kind node that the embedded cluster does not have, and kind itself; built like that cluster's own. */
import { join } from "node:path";
import { projectRoot } from "../common/paths.ts";
import { keyOf } from "../cluster/build/module.ts";
import { kubernetesVariables, type Tool, type ToolName } from "../cluster/build/tools.ts";

const modules = join(projectRoot, "embedded/kind/modules");
const cniPlugins = "github.com/containernetworking/plugins/plugins";

export type KindToolName = "kind" | "kubeadm" | "crictl" | "kind-cni" | "local-path-provisioner" | "kind-parts";

/** In the order in which a cold build makes them. */
export const kindTools = {
    kind: {
        name: "kind",
        title: "kind",
        module: join(modules, "kind"),
        packages: ["sigs.k8s.io/kind"],
        output: "kind",
        cost: { seconds: 20, packages: 250, mebibytes: 120 },
    },
    "kind-cni": {
        name: "kind-cni",
        title: "the CNI plugins of kind nodes",
        module: join(modules, "cni"),
        packages: ["main/ptp", "main/loopback", "ipam/host-local", "meta/portmap"].map((p) => `${cniPlugins}/${p}`),
        cost: { seconds: 4, packages: 50, mebibytes: 70 },
    },
    "kind-parts": {
        name: "kind-parts",
        title: "the pod network and the volume helper of kind nodes",
        module: join(projectRoot, "embedded/kind/parts"),
        packages: ["./pod-network", "./volume-helper"],
        cost: { seconds: 8, packages: 200, mebibytes: 60 },
    },
    crictl: {
        name: "crictl",
        title: "crictl",
        module: join(modules, "cri-tools"),
        packages: ["sigs.k8s.io/cri-tools/cmd/crictl"],
        variables: (version) => ({ "sigs.k8s.io/cri-tools/pkg/version.Version": version }),
        cost: { seconds: 60, packages: 900, mebibytes: 800 },
    },
    "local-path-provisioner": {
        name: "local-path-provisioner",
        title: "the local path provisioner",
        module: join(modules, "local-path-provisioner"),
        packages: ["github.com/rancher/local-path-provisioner"],
        variables: (version) => ({ "main.VERSION": version }),
        cost: { seconds: 75, packages: 700, mebibytes: 900 },
    },
    kubeadm: {
        name: "kubeadm",
        title: "kubeadm and kubectl",
        module: join(modules, "kubernetes"),
        packages: ["kubeadm", "kubectl"].map((p) => `k8s.io/kubernetes/cmd/${p}`),
        variables: kubernetesVariables,
        cost: { seconds: 90, packages: 1300, mebibytes: 1500 },
    },
} as const satisfies Record<KindToolName, Tool>;

/** The tools of the embedded cluster that a node consists of as well. */
export const sharedTools = ["kubernetes", "etcd", "containerd", "runc", "coredns", "mkimage"] as const satisfies readonly ToolName[];

/** For each tool that goes into a node image the folder of its binaries. */
export type PartFolders = Readonly<Record<KindToolName | (typeof sharedTools)[number], string>>;

/** The upstream version that a tool is pinned to. */
export async function pinnedVersion(name: KindToolName): Promise<string> {
    return (await keyOf(kindTools[name], "")).version;
}

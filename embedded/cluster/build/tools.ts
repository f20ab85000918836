/** The programs that are built from Go modules: what each consists of and what a build of it costs. */
import { join } from "node:path";
import { projectRoot } from "../../common/paths.ts";

export type ToolName = "kubernetes" | "etcd" | "containerd" | "runc" | "cni" | "coredns" | "registry" | "traefik" | "node-init" | "mkimage";

/** One program or a few that belong together, built from one Go module of ours that pins everything it needs. */
export interface Tool {
    /** The name of its folder in the cache. */
    readonly name: string;
    /** What users call it. */
    readonly title: string;
    /** The folder with its `go.mod` and `go.sum`. */
    readonly module: string;
    /** The main packages to build. */
    readonly packages: readonly string[];
    /** The module whose version it has, where the main package is our own. Default: the first package's. */
    readonly upstream?: string;
    /** The file name of the only binary; by default Go names binaries after their packages. */
    readonly output?: string;
    /** Go build tags. */
    readonly tags?: readonly string[];
    /** What to set at link time (`-X`), given the version it has. */
    readonly variables?: (version: string) => Readonly<Record<string, string>>;
    /** Linked with C code, statically; needs a C compiler. */
    readonly cgo?: boolean;
    /** Debian packages the build needs beside Go, with a file or pkg-config module that proves each is there. */
    readonly needs?: readonly Need[];
    /** What a cold build took on two cores: seconds, packages compiled, and MiB added to Go's caches and to ours. */
    readonly cost: { readonly seconds: number; readonly packages: number; readonly mebibytes: number };
}

/** A Debian package and how to see that it is installed. */
export interface Need {
    readonly package: string;
    readonly proof: { readonly program: string } | { readonly pkgConfig: string };
}

const modules = join(projectRoot, "embedded/cluster/modules");
const kubernetesVersion = "k8s.io/component-base/version";
const containerd = "github.com/containerd/containerd/v2";
const cniPlugins = "github.com/containernetworking/plugins/plugins";

/** What Kubernetes' programs say when asked for their version. */
export const kubernetesVariables = (version: string): Record<string, string> => {
    const [major = "", minor = ""] = version.replace(/^v/, "").split(".");
    return {
        [`${kubernetesVersion}.gitVersion`]: version,
        [`${kubernetesVersion}.gitMajor`]: major,
        [`${kubernetesVersion}.gitMinor`]: minor,
    };
};

const list: readonly (Tool & { readonly name: ToolName })[] = [
    {
        name: "etcd",
        title: "etcd",
        module: join(modules, "etcd"),
        packages: ["go.etcd.io/etcd/server/v3"],
        output: "etcd",
        cost: { seconds: 40, packages: 600, mebibytes: 500 },
    },
    {
        name: "containerd",
        title: "containerd",
        module: join(modules, "containerd"),
        packages: [`${containerd}/cmd/containerd`, `${containerd}/cmd/containerd-shim-runc-v2`, `${containerd}/cmd/ctr`],
        variables: (version) => ({ [`${containerd}/version.Version`]: version }),
        cost: { seconds: 55, packages: 830, mebibytes: 1050 },
    },
    {
        name: "runc",
        title: "runc",
        module: join(modules, "runc"),
        packages: ["github.com/opencontainers/runc"],
        tags: ["seccomp", "netgo", "osusergo"],
        variables: (version) => ({ "main.version": version.replace(/^v/, "") }),
        cgo: true,
        needs: [
            { package: "gcc", proof: { program: "gcc" } },
            { package: "pkg-config", proof: { program: "pkg-config" } },
            { package: "libseccomp-dev", proof: { pkgConfig: "libseccomp" } },
        ],
        cost: { seconds: 11, packages: 140, mebibytes: 100 },
    },
    {
        name: "cni",
        title: "the CNI plugins",
        module: join(modules, "cni"),
        packages: ["main/bridge", "main/loopback", "ipam/host-local", "meta/portmap", "meta/firewall"].map((p) => `${cniPlugins}/${p}`),
        cost: { seconds: 4, packages: 50, mebibytes: 70 },
    },
    {
        name: "node-init",
        title: "the nodes' init and network plugin",
        module: join(projectRoot, "embedded/cluster/init"),
        packages: [".", "./await-policies"],
        cost: { seconds: 2, packages: 5, mebibytes: 10 },
    },
    {
        name: "mkimage",
        title: "the image tool",
        module: join(projectRoot, "embedded/images/mkimage"),
        packages: [".", "./pause"],
        cost: { seconds: 6, packages: 60, mebibytes: 160 },
    },
    {
        name: "kubernetes",
        title: "Kubernetes",
        module: join(modules, "kubernetes"),
        packages: ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"].map(
            (p) => `k8s.io/kubernetes/cmd/${p}`,
        ),
        variables: kubernetesVariables,
        cost: { seconds: 310, packages: 2370, mebibytes: 4750 },
    },
    {
        name: "coredns",
        title: "CoreDNS",
        module: join(modules, "coredns"),
        packages: ["."],
        upstream: "github.com/coredns/coredns",
        output: "coredns",
        cost: { seconds: 40, packages: 580, mebibytes: 900 },
    },
    {
        name: "registry",
        title: "the image registry",
        module: join(modules, "registry"),
        packages: ["."],
        upstream: "github.com/distribution/distribution/v3",
        output: "registry",
        variables: (version) => ({ "github.com/distribution/distribution/v3/version.version": version }),
        cost: { seconds: 25, packages: 300, mebibytes: 400 },
    },
    {
        name: "traefik",
        title: "Traefik",
        module: join(modules, "traefik"),
        packages: ["github.com/traefik/traefik/v3/cmd/traefik"],
        variables: (version) => ({ "github.com/traefik/traefik/v3/pkg/version.Version": version.replace(/^v/, "") }),
        cost: { seconds: 220, packages: 2160, mebibytes: 3700 },
    },
];

/** All tools, in the order in which a cold build makes them: what starts first comes first. */
export const tools: ReadonlyMap<ToolName, Tool> = new Map(list.map((tool) => [tool.name, tool]));

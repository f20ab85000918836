import type { Cgroups } from "../../embedded/cluster/cgroups.ts";
import { layoutOf } from "../../embedded/cluster/layout.ts";
import type { ToolPaths } from "../../embedded/cluster/options.ts";
import { planCluster } from "../../embedded/cluster/plan.ts";
import { enforcerSpec, hubSpec, nodeSpec, type TreeInputs } from "../../embedded/cluster/trees.ts";
import type { TreeSpec } from "../../embedded/cluster/specification.ts";

const tools: ToolPaths = {
    kubernetes: "/t/kubernetes",
    etcd: "/t/etcd",
    containerd: "/t/containerd",
    runc: "/t/runc",
    cni: "/t/cni",
    "node-init": "/t/init",
};
const v1: Cgroups = {
    version: 1,
    hierarchies: [
        { version: 1, mountPoint: "/sys/fs/cgroup/cpu,cpuacct", controllers: ["cpu", "cpuacct"] },
        { version: 1, mountPoint: "/sys/fs/cgroup/memory", controllers: ["memory"] },
        { version: 1, mountPoint: "/sys/fs/cgroup/systemd", controllers: ["name=systemd"] },
        { version: 2, mountPoint: "/sys/fs/cgroup/unified", controllers: [] },
    ],
};
const v2: Cgroups = { version: 2, hierarchies: [{ version: 2, mountPoint: "/sys/fs/cgroup", controllers: [] }] };

function inputs(change: Partial<TreeInputs> & { nodes?: number; mode?: "nodes" | "control-plane"; stateDir?: string } = {}): TreeInputs {
    const { nodes = 1, mode = "nodes", stateDir = "/home/user/.state/cluster", ...rest } = change;
    return {
        plan: planCluster({ stateDir, nodes, apiPort: 6443, publish: [] }, mode),
        layout: layoutOf(stateDir),
        tools,
        cgroups: v1,
        etcdPorts: { client: 2379, peer: 2380 },
        fingerprint: "f",
        ownResolvConf: true,
        ...rest,
    };
}

function firstNode(change: Parameters<typeof inputs>[0] = {}): TreeSpec {
    const given = inputs(change);
    const node = given.plan.nodes[0];
    if (!node) throw new Error("no node");
    return nodeSpec(given, node);
}

describe("the specification of a tree", () => {
    it("stays the same for the hub and the first node when nodes are added, so that neither is restarted", () => {
        expect(hubSpec(inputs({ nodes: 3 })).revision).toBe(hubSpec(inputs({ nodes: 1 })).revision);
        expect(firstNode({ nodes: 3 }).revision).toBe(firstNode({ nodes: 1 }).revision);
    });

    it("has another revision when certificates, tools or ports change", () => {
        const revisions = [
            inputs(),
            inputs({ fingerprint: "g" }),
            inputs({ tools: { ...tools, etcd: "/t/etcd-2" } }),
            { ...inputs(), plan: planCluster({ stateDir: "/home/user/.state/cluster", nodes: 1, apiPort: 7443, publish: [] }, "nodes") },
        ].map((each) => hubSpec(each).revision);
        expect(new Set(revisions).size).toBe(4);
    });

    it("hides the cluster's folder from a node after all else is mounted, unless the node's own /var hides it", () => {
        expect(firstNode().mounts.at(-1)).toEqual({
            kind: "tmpfs",
            target: "/home/user/.state/cluster",
            data: "mode=700,size=4k",
            readOnly: true,
        });
        expect(firstNode({ stateDir: "/var/lib/x" }).mounts.some((mount) => mount.target === "/var/lib/x")).toBe(false);
    });

    it("names no path of the machine to a node's programs, which see their own", () => {
        const texts = firstNode().processes.flatMap((process) => [...process.argv, ...Object.values(process.env), process.log]);
        expect(texts.filter((text) => text.includes("/home/user") || text.includes("/t/"))).toEqual([]);
    });

    it("lets the kubelet start only with its network, its runtime, its images and its Node object", () => {
        const kubelet = firstNode().processes.find((process) => process.name === "kubelet");
        expect(kubelet?.waitFor).toEqual([
            { file: "/run/node/gates/network" },
            { unix: "/run/containerd/containerd.sock" },
            { file: "/run/node/gates/images" },
            { file: "/run/node/gates/registered" },
        ]);
    });

    it("mounts co-mounted cgroup v1 controllers once with a name for each, and cgroup v2 as one with a group for the programs", () => {
        const spec = firstNode();
        expect(spec.mounts.filter((mount) => mount.kind === "cgroup")).toEqual([
            { kind: "cgroup", target: "/sys/fs/cgroup/cpu,cpuacct", data: "cpu,cpuacct" },
            { kind: "cgroup", target: "/sys/fs/cgroup/memory", data: "memory" },
            { kind: "cgroup", target: "/sys/fs/cgroup/systemd", data: "none,name=systemd" },
        ]);
        expect(spec.mounts.filter((mount) => mount.kind === "symlink").map((mount) => mount.target)).toEqual([
            "/sys/fs/cgroup/cpu",
            "/sys/fs/cgroup/cpuacct",
        ]);
        expect(spec.initCgroup).toBeUndefined();
        const unified = firstNode({ cgroups: v2 });
        expect(unified.mounts.filter((mount) => mount.kind.startsWith("cgroup"))).toEqual([{ kind: "cgroup2", target: "/sys/fs/cgroup" }]);
        expect(unified.initCgroup).toBe("/sys/fs/cgroup/system");
        expect(unified.cgroups).toEqual([`/sys/fs/cgroup/${unified.cgroups[0]?.split("/").slice(-2).join("/")}`]);
    });

    it("gives the enforcer the machine's network and processes to look at, and none of its own to leave behind", () => {
        const spec = enforcerSpec({ ...inputs(), apiPort: 6443 });
        expect(spec.namespaces).toContain("pid");
        expect(spec.namespaces).not.toContain("net");
        expect(spec.mounts.map((mount) => mount.kind)).toEqual(["propagation"]);
        expect(spec.processes.map(({ name, argv }) => [name, argv.slice(-2)])).toEqual([
            ["policy-enforcer", ["/home/user/.state/cluster", "6443"]],
        ]);
        expect(spec.revision).not.toBe(enforcerSpec({ ...inputs({ fingerprint: "g" }), apiPort: 6443 }).revision);
        expect(spec.revision).toBe(enforcerSpec({ ...inputs({ nodes: 3 }), apiPort: 6443 }).revision);
    });

    it("has packets between pods of one node pass the rules of what is routed", () => {
        const path = "net/bridge/bridge-nf-call-";
        expect(firstNode().sysctls).toEqual(
            expect.arrayContaining([
                { path: `${path}iptables`, value: "1" },
                { path: `${path}ip6tables`, value: "1" },
            ]),
        );
    });

    it("without root has no namespaces, cgroups or mounts, and etcd on the shared loopback address asks for certificates", () => {
        const bare = hubSpec(inputs({ mode: "control-plane" }));
        expect([bare.namespaces, bare.cgroups, bare.keeperCgroups, bare.mounts, bare.forwards]).toEqual([[], [], [], [], []]);
        const etcd = bare.processes.find((process) => process.name === "etcd")?.argv ?? [];
        expect(etcd.filter((argument) => argument.endsWith("client-cert-auth=true"))).toEqual([
            "--client-cert-auth=true",
            "--peer-client-cert-auth=true",
        ]);
        expect(etcd.some((argument) => argument.includes("http://"))).toBe(false);
        expect(hubSpec(inputs()).processes[0]?.argv.some((argument) => argument.includes("cert-auth"))).toBe(false);
    });
});

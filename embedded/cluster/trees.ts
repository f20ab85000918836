/** The specification of each tree: what node-init mounts, runs and forwards. Pure. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { cacheRoot } from "../common/paths.ts";
import { nodeMounts, groupFolders, type Cgroups } from "./cgroups.ts";
import { apiServerArgv, controllerManagerArgv, etcdArgv, schedulerArgv, type ControlPlaneSettings } from "./control-plane.ts";
import { GATES, type Layout, type TreeLayout } from "./layout.ts";
import { CONTAINERD_SOCKET, NODE_ROOT, SHOWN_SYSCTLS, TOOLS_ROOT } from "./node-files.ts";
import type { ToolPaths } from "./options.ts";
import type { ClusterPlan, NodePlan } from "./plan.ts";
import { SMALL_HEAP } from "./processes.ts";
import { TREE_MARK, type MountStep, type Probe, type ProcessSpec, type TreeSpec } from "./specification.ts";

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What a specification depends on besides the plan. */
export interface TreeInputs {
    readonly plan: ClusterPlan;
    readonly layout: Layout;
    readonly tools: ToolPaths;
    readonly cgroups: Cgroups;
    readonly etcdPorts: { readonly client: number; readonly peer: number };
    /** Changes with the content of the files the programs read at their start (certificates, configuration). */
    readonly fingerprint: string;
    /** Whether /etc/resolv.conf is a file of its own, which the node's can be put in place of. */
    readonly ownResolvConf: boolean;
}

/** The name of the process environment's mark for a tree. */
export function treeMark(plan: ClusterPlan, tree: string): string {
    return `${plan.id}/${tree}`;
}

function withRevision(spec: Omit<TreeSpec, "revision">, fingerprint: string): TreeSpec {
    const revision = createHash("sha256").update(fingerprint).update(JSON.stringify(spec)).digest("hex").slice(0, 16);
    return { ...spec, revision };
}

/** The control plane: in a hub of its own, or without root directly on the machine's loopback address. */
export function hubSpec(inputs: TreeInputs): TreeSpec {
    const { plan, layout, tools, cgroups } = inputs;
    const tree = layout.hub;
    const rooted = plan.mode === "nodes";
    const settings: ControlPlaneSettings = {
        pki: layout.pki,
        etc: tree.etc,
        logs: tree.logs,
        etcdData: join(tree.data, "etcd"),
        etcdPort: inputs.etcdPorts.client,
        etcdPeerPort: inputs.etcdPorts.peer,
        etcdTls: !rooted,
        address: plan.apiAddress,
        port: plan.apiPort,
        kubernetes: tools.kubernetes,
        etcd: tools.etcd,
    };
    const network: readonly Probe[] = rooted ? [{ file: join(tree.gates, GATES.network) }] : [];
    const served: Probe = { https: `${plan.apiAddress}:${plan.apiPort}`, path: "/readyz", ca: join(layout.pki, "ca.crt") };
    const program = (name: string, argv: readonly string[], waitFor: readonly Probe[]): ProcessSpec => ({
        name,
        argv,
        env: { PATH: SYSTEM_PATH, [TREE_MARK]: treeMark(plan, "hub") },
        log: join(tree.logs, `${name}.log`),
        waitFor,
    });
    return withRevision(
        {
            name: "hub",
            namespaces: rooted ? ["net", "mount", "uts", "ipc", "pid", "cgroup"] : [],
            cgroups: rooted ? groupFolders(cgroups, plan.hubGroup) : [],
            keeperCgroups: rooted ? groupFolders(cgroups, plan.supervisorGroup) : [],
            ...(rooted ? { hostname: "hub" } : {}),
            mounts: rooted
                ? [
                      { kind: "propagation", target: "/", data: "rslave" },
                      { kind: "proc", target: "/proc" },
                  ]
                : [],
            sysctls: rooted ? [{ path: "net/ipv4/ip_forward", value: "1" }] : [],
            ...keeperFiles(tree),
            statusFile: tree.status,
            log: join(tree.logs, "init.log"),
            processes: [
                program("etcd", etcdArgv(settings), []),
                program("kube-apiserver", apiServerArgv(settings), network),
                program("kube-controller-manager", controllerManagerArgv(settings), [served]),
                program("kube-scheduler", schedulerArgv(settings), [served]),
            ],
            forwards: plan.forwards.map((forward) => ({ listen: `127.0.0.1:${forward.host}`, to: forward.to })),
        },
        inputs.fingerprint,
    );
}

function keeperFiles(tree: TreeLayout): Pick<TreeSpec, "treeFile" | "keeperStatusFile"> {
    return { treeFile: tree.tree, keeperStatusFile: tree.status };
}

function gate(name: string): Probe {
    return { file: `${NODE_ROOT}/gates/${name}` };
}

/** A node: its own /var and /run, its own cgroups, and containerd, kubelet and kube-proxy in it. */
export function nodeSpec(inputs: TreeInputs, node: NodePlan): TreeSpec {
    const { plan, layout, cgroups } = inputs;
    const etc = `${NODE_ROOT}/etc`;
    const path = [`${TOOLS_ROOT}/containerd`, `${TOOLS_ROOT}/runc`, SYSTEM_PATH].join(":");
    const program = (name: string, argv: readonly string[], waitFor: readonly Probe[]): ProcessSpec => ({
        name,
        argv,
        env: { PATH: path, HOME: "/root", [TREE_MARK]: treeMark(plan, node.name) },
        log: `${NODE_ROOT}/log/${name}.log`,
        waitFor,
    });
    return withRevision(
        {
            name: node.name,
            namespaces: ["net", "mount", "uts", "ipc", "pid", "cgroup"],
            cgroups: groupFolders(cgroups, node.group),
            keeperCgroups: groupFolders(cgroups, plan.supervisorGroup),
            ...(cgroups.version === 2 ? { initCgroup: "/sys/fs/cgroup/system" } : {}),
            hostname: node.name,
            mounts: nodeMountSteps(inputs, node),
            sysctls: [
                { path: "net/ipv4/ip_forward", value: "1" },
                // What one pod sends another of its node passes the same rules as what is routed.
                { path: "net/bridge/bridge-nf-call-iptables", value: "1" },
                { path: "net/bridge/bridge-nf-call-ip6tables", value: "1" },
            ],
            ...keeperFiles(layout.node(node.name)),
            statusFile: `${NODE_ROOT}/status.json`,
            log: `${NODE_ROOT}/log/init.log`,
            processes: [
                program("containerd", [`${TOOLS_ROOT}/containerd/containerd`, "--config", `${etc}/containerd.toml`], []),
                program(
                    "kubelet",
                    [
                        `${TOOLS_ROOT}/kubernetes/kubelet`,
                        `--config=${etc}/kubelet.json`,
                        `--kubeconfig=${etc}/pki/kubelet.kubeconfig`,
                        `--hostname-override=${node.name}`,
                        `--node-ip=${node.address}`,
                        "--root-dir=/var/lib/kubelet",
                        "--cert-dir=/var/lib/kubelet/pki",
                    ],
                    [gate(GATES.network), { unix: CONTAINERD_SOCKET }, gate(GATES.images), gate(GATES.registered)],
                ),
                program(
                    "kube-proxy",
                    [`${TOOLS_ROOT}/kubernetes/kube-proxy`, `--config=${etc}/kube-proxy.json`],
                    [gate(GATES.network), gate(GATES.registered)],
                ),
            ],
            forwards: [],
        },
        inputs.fingerprint,
    );
}

/**
 * The NetworkPolicy enforcer: on the machine's own file system and network, because it works in the network namespace of
 * every node; with processes of its own, so that it ends as one.
 */
export function enforcerSpec(inputs: TreeInputs & { readonly apiPort: number }): TreeSpec {
    const { plan, layout, cgroups } = inputs;
    const tree = layout.enforcer;
    return withRevision(
        {
            name: "enforcer",
            // The /proc it sees is the machine's: that is how it finds the nodes' namespaces.
            namespaces: ["mount", "uts", "ipc", "pid", "cgroup"],
            cgroups: groupFolders(cgroups, plan.enforcerGroup),
            keeperCgroups: groupFolders(cgroups, plan.supervisorGroup),
            mounts: [{ kind: "propagation", target: "/", data: "rslave" }],
            sysctls: [],
            ...keeperFiles(tree),
            statusFile: tree.status,
            log: join(tree.logs, "init.log"),
            processes: [
                {
                    name: "policy-enforcer",
                    argv: [
                        process.execPath,
                        ...SMALL_HEAP,
                        join(import.meta.dirname, "enforcer/main.ts"),
                        layout.root,
                        String(inputs.apiPort),
                    ],
                    env: { PATH: SYSTEM_PATH, NODE_COMPILE_CACHE: join(cacheRoot(), "compiled"), [TREE_MARK]: treeMark(plan, "enforcer") },
                    log: join(tree.logs, "policy-enforcer.log"),
                    waitFor: [],
                },
            ],
            forwards: [],
        },
        inputs.fingerprint,
    );
}

function nodeMountSteps(inputs: TreeInputs, node: NodePlan): MountStep[] {
    const { layout, tools, cgroups } = inputs;
    const tree = layout.node(node.name);
    const hidden = ["/var/", "/run/"].some((prefix) => layout.root.startsWith(prefix));
    return [
        { kind: "propagation", target: "/", data: "rslave" },
        { kind: "propagation", target: "/", data: "rshared" },
        { kind: "proc", target: "/proc" },
        { kind: "tmpfs", target: "/run", data: "mode=755" },
        { kind: "bind", source: tree.root, target: NODE_ROOT },
        { kind: "bind", source: tree.data, target: "/var" },
        ...(["containerd", "runc", "kubernetes", "cni", "node-init"] as const).map((tool): MountStep => ({
            kind: "bind",
            source: tools[tool],
            target: `${TOOLS_ROOT}/${tool}`,
            readOnly: true,
        })),
        ...Object.keys(SHOWN_SYSCTLS).map((path): MountStep => ({
            kind: "bind",
            source: join(tree.etc, "sysctl", path.replaceAll("/", ".")),
            target: `/proc/sys/${path}`,
        })),
        { kind: "sysfs", target: "/sys" },
        ...cgroupSteps(cgroups),
        ...(inputs.ownResolvConf
            ? [{ kind: "bind" as const, source: join(tree.etc, "resolv.conf"), target: "/etc/resolv.conf", readOnly: true }]
            : []),
        // The cluster's keys and the other trees' folders are none of this node's business.
        ...(hidden ? [] : [{ kind: "tmpfs" as const, target: layout.root, data: "mode=700,size=4k", readOnly: true }]),
    ];
}

function cgroupSteps(cgroups: Cgroups): MountStep[] {
    if (cgroups.version === 2) return [{ kind: "cgroup2", target: "/sys/fs/cgroup" }];
    const mounts = nodeMounts(cgroups);
    return [
        { kind: "tmpfs", target: "/sys/fs/cgroup", data: "mode=755" },
        ...mounts.map((mount): MountStep => ({ kind: "cgroup", target: `/sys/fs/cgroup/${mount.target}`, data: mount.data })),
        ...mounts.flatMap((mount) =>
            mount.names
                .filter((name) => name !== mount.target)
                .map((name): MountStep => ({ kind: "symlink", source: mount.target, target: `/sys/fs/cgroup/${name}` })),
        ),
    ];
}

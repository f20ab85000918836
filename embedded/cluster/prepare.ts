/** From what is desired to what is on disk: certificates, configuration files, and the specification of every tree. */
import { createHash } from "node:crypto";
import {
    existsSync,
    lstatSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    readlinkSync,
    rmSync,
    statfsSync,
    symlinkSync,
    chmodSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { machineCgroups, type Cgroups } from "./cgroups.ts";
import { AUDIT_POLICY } from "./control-plane.ts";
import { readJson, readText, remove, writeJson, writeText } from "./files.ts";
import { kubeconfigFor } from "./kubeconfig.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { nodeFiles } from "./node-files.ts";
import { planCluster, type ClusterPlan, type NodePlan } from "./plan.ts";
import { certificatesFor, controlPlaneCertificates, ensurePki } from "./pki.ts";
import type { TreeSpec } from "./specification.ts";
import type { Desired } from "./state.ts";
import { enforcerSpec, hubSpec, nodeSpec, type TreeInputs } from "./trees.ts";
import { createVolumeFolders } from "./volumes.ts";

/** Everything the supervisor needs to make a cluster true. */
export interface Prepared {
    readonly desired: Desired;
    readonly plan: ClusterPlan;
    readonly layout: Layout;
    readonly cgroups: Cgroups;
    readonly hub: TreeSpec;
    readonly enforcer: TreeSpec;
    readonly nodes: readonly { readonly plan: NodePlan; readonly spec: TreeSpec }[];
}

const OVERLAY_MAGIC = 0x794c7630;

export async function prepare(desired: Desired): Promise<Prepared> {
    const layout = layoutOf(desired.stateDir);
    const plan = planCluster(desired, desired.mode);
    const cgroups = machineCgroups();
    await ensurePki(layout.pki, certificatesFor(plan));
    const server = `https://${plan.apiAddress}:${plan.apiPort}`;
    for (const name of ["controller-manager", "scheduler"])
        writeText(join(layout.pki, `${name}.kubeconfig`), kubeconfigFor(layout.pki, name, server));
    writeText(layout.kubeconfig, kubeconfigFor(layout.pki, "admin", `https://127.0.0.1:${desired.apiPort}`));
    writeJson(join(layout.hub.etc, "audit-policy.json"), AUDIT_POLICY);

    const base: Omit<TreeInputs, "fingerprint"> = {
        plan,
        layout,
        tools: desired.tools,
        cgroups,
        etcdPorts: await etcdPorts(desired, layout),
        ownResolvConf: existsSync("/etc/resolv.conf") && lstatSync("/etc/resolv.conf").isFile(),
    };
    const certificates = ["ca.crt", ...controlPlaneCertificates(plan).map((certificate) => `${certificate.name}.crt`)];
    const ca = readText(join(layout.pki, "ca.crt")) ?? "";
    return {
        desired,
        plan,
        layout,
        cgroups,
        hub: hubSpec({ ...base, fingerprint: digest(certificates.map((name) => readText(join(layout.pki, name)) ?? "")) }),
        enforcer: enforcerSpec({
            ...base,
            apiPort: desired.apiPort,
            fingerprint: digest([codeVersion(), ca, readText(join(layout.pki, "policy-enforcer.crt")) ?? ""]),
        }),
        nodes: plan.nodes.map((node) => ({
            plan: node,
            spec: nodeSpec({ ...base, fingerprint: writeNode(layout, node, desired, server) }, node),
        })),
    };
}

/** Writes a node's files and folders; answers what stands for all that its programs read only when they start. */
function writeNode(layout: Layout, node: NodePlan, desired: Desired, server: string): string {
    const tree = layout.node(node.name);
    createVar(tree.data);
    createVolumeFolders(layout, node);
    const snapshotter = statfsSync(tree.data).type === OVERLAY_MAGIC ? "native" : "overlayfs"; // no overlay upon an overlay
    const files = nodeFiles(node, desired.mirrors, snapshotter);
    const mirrors = join(tree.etc, "mirrors");
    for (const host of existsSync(mirrors) ? readdirSync(mirrors) : []) if (!(host in desired.mirrors)) remove(join(mirrors, host));
    for (const [path, text] of files) writeText(join(tree.etc, path), text);
    const pki = new Map([
        ["ca.crt", readText(join(layout.pki, "ca.crt")) ?? ""],
        ["kubelet.crt", readText(join(layout.pki, `${node.name}.crt`)) ?? ""],
        ["kubelet.key", readText(join(layout.pki, `${node.name}.key`)) ?? ""],
        ["kubelet.kubeconfig", kubeconfigFor(layout.pki, node.name, server)],
        ["kube-proxy.kubeconfig", kubeconfigFor(layout.pki, "kube-proxy", server)],
    ]);
    for (const [name, text] of pki) writeText(join(tree.etc, "pki", name), text);
    // containerd reads the mirrors at each pull: a change of theirs needs no restart.
    return digest(
        [...files]
            .filter(([path]) => !path.startsWith("mirrors/"))
            .map(([, text]) => text)
            .concat([...pki.values()]),
    );
}

function createVar(data: string): void {
    for (const folder of ["lib/containerd", "lib/kubelet", "log", "cache", "tmp"])
        mkdirSync(join(data, folder), { recursive: true, mode: 0o755 });
    chmodSync(join(data, "tmp"), 0o1777);
    for (const [name, target] of [
        ["run", "/run"],
        ["lock", "/run/lock"],
    ] as const) {
        const link = join(data, name);
        if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(link) === target) continue;
        rmSync(link, { recursive: true, force: true });
        symlinkSync(target, link);
    }
}

/** In a network namespace of its own etcd has its usual ports; on the machine's loopback address it takes two free ones and keeps them. */
async function etcdPorts(desired: Desired, layout: Layout): Promise<{ readonly client: number; readonly peer: number }> {
    if (desired.mode === "nodes") return { client: 2379, peer: 2380 };
    const kept = readJson<{ client: number; peer: number }>(layout.ports);
    if (kept) return kept;
    const chosen = { client: await freePort(), peer: await freePort() };
    writeJson(layout.ports, chosen);
    return chosen;
}

function freePort(): Promise<number> {
    return new Promise((resolve, reject) => {
        const server = createServer().on("error", reject);
        server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
        });
    });
}

function digest(texts: readonly string[]): string {
    return createHash("sha256").update(texts.join("\0")).digest("hex");
}

/** The version of this room's code: a supervisor that runs another one is replaced. */
export function codeVersion(): string {
    const files = [".", "enforcer"]
        .flatMap((folder) => readdirSync(join(import.meta.dirname, folder)).map((name) => join(folder, name)))
        .filter((name) => name.endsWith(".ts"))
        .toSorted();
    return digest(files.map((name) => readFileSync(join(import.meta.dirname, name), "utf8"))).slice(0, 16);
}

/** A cluster of the tests' own with probes in it, and the way to give them orders that no policy is in the way of. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiClient, type ApiClient } from "../../embedded/cluster/api.ts";
import { clusterStatus, startCluster, stopCluster, type ClusterOptions } from "../../embedded/cluster/index.ts";
import { layoutOf, type Layout } from "../../embedded/cluster/layout.ts";
import { planCluster, type NodePlan } from "../../embedded/cluster/plan.ts";
import { runningTree } from "../../embedded/cluster/tree-control.ts";
import { check } from "../../embedded/common/process.ts";
import { silent } from "../../embedded/common/progress.ts";
import { freePorts, type Built } from "../cluster/support.ts";
import { pidInPod } from "../support/pod-network.ts";
import { makeProbe, PROBE_IMAGE, type Probe } from "./image.ts";
import { makeOutside, type Outside } from "../support/outside.ts";

/** Where probes take orders. */
const CONTROL = 7;

export interface Target {
    readonly protocol: "TCP" | "UDP";
    readonly address: string;
    readonly port: number;
    readonly from?: string;
    readonly patienceMs: number;
    /** How long to try again and again. */
    readonly againMs?: number;
    /** A single datagram: one that is lost stays lost. */
    readonly once?: boolean;
}

export interface Answer {
    readonly reached: readonly boolean[];
    readonly ms: readonly number[];
    readonly error?: string;
}

/** A probe's pod. */
export interface ProbePod {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly node: string;
    /** What it does before anything else. */
    readonly first?: { readonly targets: readonly Target[] };
    readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly hostPort?: number }[];
}

/** A pod that runs, or one end outside of the cluster. */
export interface End {
    readonly name: string;
    readonly address: string;
    /** Where a pod runs. */
    readonly node?: string;
    /** The tree in whose network an end is that is no pod: the hub's or a node's own. Without either it is outside. */
    readonly tree?: string;
}

export interface Listens {
    readonly tcp: readonly number[];
    readonly udp: readonly number[];
}

interface PodObject {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly podIP?: string; readonly containerStatuses?: readonly { readonly ready: boolean }[] };
}

export class Lab {
    readonly stateDir: string = mkdtempSync(join(tmpdir(), "packets-"));
    readonly layout: Layout = layoutOf(this.stateDir);
    readonly nodes: readonly NodePlan[];
    options: ClusterOptions;
    api: ApiClient;
    outside: Outside | undefined;
    readonly #probe: Probe;
    readonly #listens: Listens;

    private constructor(options: ClusterOptions, probe: Probe, listens: Listens) {
        this.options = { ...options, stateDir: this.stateDir };
        this.nodes = planCluster(this.options, "nodes").nodes;
        this.api = undefined as unknown as ApiClient;
        this.#probe = probe;
        this.#listens = listens;
    }

    /** Starts a cluster of two nodes whose probes answer on the ports, with something outside of it. */
    static async start(built: Built, listens: Listens): Promise<Lab> {
        const [probe, [apiPort = 0]] = await Promise.all([makeProbe(), freePorts(1)]);
        const images = [...built.images, probe.archive];
        const lab = new Lab({ stateDir: "", nodes: 2, apiPort, publish: [], mirrors: {}, images, tools: built.tools }, probe, listens);
        await startCluster(lab.options, silent);
        lab.api = apiClient(lab.layout.pki, apiPort, 20_000);
        lab.outside = await makeOutside(lab.pid("hub"), lab.nodes, [probe.program, ...lab.serving()]);
        return lab;
    }

    async remove(): Promise<void> {
        this.outside?.remove();
        this.api?.close();
        await stopCluster(this.stateDir, silent);
        await this.#probe.remove();
        rmSync(this.stateDir, { recursive: true, force: true });
    }

    serving(): string[] {
        return ["serve", String(CONTROL), this.#listens.tcp.join(","), this.#listens.udp.join(",")];
    }

    /** PID 1 of a tree. */
    pid(tree: string): number {
        const pid = runningTree(tree === "hub" ? this.layout.hub : this.layout.node(tree))?.pid;
        if (pid === undefined) throw new Error(`${tree} does not run`);
        return pid;
    }

    async pidOf(tree: string, program: string): Promise<number> {
        const trees = (await clusterStatus(this.stateDir)).trees;
        const pid = trees.find((each) => each.name === tree)?.processes.find((each) => each.name === program)?.pid;
        if (pid === undefined) throw new Error(`${program} does not run`);
        return pid;
    }

    async namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
        await this.api.apply(`/api/v1/namespaces/${name}`, { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
    }

    async policy(namespace: string, name: string, spec: unknown): Promise<void> {
        const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${name}`;
        await this.api.apply(path, { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace }, spec });
    }

    async policyNames(namespace: string): Promise<string[]> {
        const { items } = await this.api.get<{ items: { metadata: { name: string } }[] }>(
            `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`,
        );
        return items.map(({ metadata }) => metadata.name);
    }

    async dropPolicy(namespace: string, name: string): Promise<void> {
        await this.api.delete(`/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${name}`);
    }

    async apply(pod: ProbePod): Promise<void> {
        const env = pod.first ? [{ name: "PROBE_FIRST", value: JSON.stringify(pod.first) }] : [];
        await this.api.apply(`/api/v1/namespaces/${pod.namespace}/pods/${pod.name}`, {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: pod.name, namespace: pod.namespace, labels: pod.labels },
            spec: {
                nodeName: pod.node,
                terminationGracePeriodSeconds: 0,
                automountServiceAccountToken: false,
                enableServiceLinks: false,
                containers: [{ name: "probe", image: PROBE_IMAGE, args: this.serving(), env, ports: pod.ports ?? [] }],
            },
        });
    }

    /** The pod once it runs. */
    async running({ name, namespace, node }: Pick<ProbePod, "name" | "namespace" | "node">): Promise<End> {
        let address: string | undefined;
        await eventually(`${namespace}/${name} runs`, async () => {
            const { status } = await this.api.get<PodObject>(`/api/v1/namespaces/${namespace}/pods/${name}`);
            address = status?.containerStatuses?.[0]?.ready ? status.podIP : undefined;
            return address !== undefined;
        });
        return { name, node, address: address ?? "" };
    }

    async probes(pods: readonly ProbePod[]): Promise<End[]> {
        await Promise.all(pods.map((pod) => this.apply(pod)));
        return Promise.all(pods.map((pod) => this.running(pod)));
    }

    /** Has each end try its targets, all at the same time. */
    async order(
        orders: readonly { readonly end: End; readonly targets: readonly Target[]; readonly first?: boolean }[],
    ): Promise<Answer[]> {
        const answers = new Map<(typeof orders)[number], Answer>();
        const places = new Map<number, (typeof orders)[number][]>();
        for (const order of orders) {
            const tree = order.end.node ?? order.end.tree;
            const pid = tree === undefined ? (this.outside?.pid ?? 0) : this.pid(tree);
            places.set(pid, [...(places.get(pid) ?? []), order]);
        }
        const carryOut = async ([pid, those]: readonly [number, readonly (typeof orders)[number][]]): Promise<void> => {
            const stdin = those
                .map(({ end, targets, first }) => {
                    const from = end.node === undefined && end.tree === undefined ? { from: end.address } : {};
                    const probe = end.node === undefined ? "" : `${end.address}:${CONTROL}`;
                    return JSON.stringify({ probe, first, targets: targets.map((target) => ({ ...from, ...target })) });
                })
                .join("\n");
            // From its own node a pod is always reached, whatever the policies.
            const { stdout } = await check("nsenter", [`--net=/proc/${pid}/ns/net`, this.#probe.program, "order"], { stdin });
            for (const [i, line] of stdout.trim().split("\n").entries()) {
                const order = those[i];
                if (order) answers.set(order, JSON.parse(line) as Answer);
            }
        };
        await Promise.all([...places].map(carryOut));
        return orders.map((order) => {
            const answer = answers.get(order);
            if (!answer || answer.error) throw new Error(`${order.end.name} does not answer: ${answer?.error ?? "nothing"}`);
            return answer;
        });
    }

    /** The IPv6 address that a pod's interface gave itself. */
    async linkLocal(end: End): Promise<string> {
        const pid = pidInPod(this.pid(end.node ?? ""), end.address);
        const { stdout } = await check("nsenter", [`--net=/proc/${pid}/ns/net`, "ip", "-6", "-oneline", "address", "show", "dev", "eth0"]);
        return /fe80:[0-9a-f:]+/.exec(stdout)?.[0] ?? "";
    }

    /** Whether one end reaches another now. */
    async reaches(end: End, target: Omit<Target, "patienceMs">, patienceMs = 800): Promise<boolean> {
        const [answer] = await this.order([{ end, targets: [{ ...target, patienceMs }] }]);
        return answer?.reached[0] ?? false;
    }
}

export async function eventually(what: string, condition: () => Promise<boolean>, patienceMs = 60_000): Promise<void> {
    let last: unknown;
    for (const deadline = Date.now() + patienceMs; ;) {
        try {
            if (await condition()) return;
            last = undefined;
        } catch (error) {
            last = error;
        }
        if (Date.now() > deadline)
            throw new Error(`it did not come true in ${patienceMs / 1000} s that ${what}${last ? `: ${String(last)}` : ""}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

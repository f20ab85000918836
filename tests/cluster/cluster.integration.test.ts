import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiClient, type ApiClient } from "../../embedded/cluster/api.ts";
import { groupFolders, machineCgroups } from "../../embedded/cluster/cgroups.ts";
import { readJson } from "../../embedded/cluster/files.ts";
import { clusterStatus, startCluster, stopCluster, type ClusterOptions, type ClusterStatus } from "../../embedded/cluster/index.ts";
import { layoutOf } from "../../embedded/cluster/layout.ts";
import { clusterId, rootGroup } from "../../embedded/cluster/plan.ts";
import { isFree } from "../../embedded/cluster/ports.ts";
import { allPids, isAlive, kill, runs, waitUntil } from "../../embedded/cluster/processes.ts";
import type { SupervisorRecord } from "../../embedded/cluster/state.ts";
import { runningTree } from "../../embedded/cluster/tree-control.ts";
import { silent } from "../../embedded/common/progress.ts";
import { built, freePorts, skipped } from "./support.ts";

const found = process.getuid?.() === 0 ? await built() : "it needs root";
const usable = typeof found === "string" ? undefined : found;
if (typeof found === "string") skipped("the cluster with real programs", found);

const REPAIR_MS = 30_000;
const stateDir = usable ? mkdtempSync(join(tmpdir(), "cluster-")) : "/nonexistent";
const layout = layoutOf(stateDir);
const id = clusterId(stateDir);
let options: ClusterOptions;
let api: ApiClient;

const start = async (change: Partial<ClusterOptions> = {}): Promise<void> => {
    await startCluster({ ...options, ...change }, silent);
    api = apiClient(layout.pki, options.apiPort);
};
const supervisor = (): SupervisorRecord | undefined => readJson<SupervisorRecord>(layout.supervisor);
const status = (): Promise<ClusterStatus> => clusterStatus(stateDir);

async function pidOf(tree: string, program: string): Promise<number> {
    const pid = (await status()).trees.find((each) => each.name === tree)?.processes.find((each) => each.name === program)?.pid;
    if (pid === undefined) throw new Error(`${program} does not run`);
    return pid;
}

async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + REPAIR_MS; ;) {
        if (await condition().catch(() => false)) return;
        if (Date.now() > deadline) throw new Error(`${what} did not come true in ${REPAIR_MS / 1000} s: ${JSON.stringify(await status())}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

interface Pod {
    readonly metadata: { readonly uid: string };
    readonly status: {
        readonly phase: string;
        readonly podIP?: string;
        readonly containerStatuses?: readonly { readonly restartCount: number; readonly ready: boolean }[];
    };
}
const POD = "/api/v1/namespaces/default/pods/still-there";
const pod = (): Promise<Pod> => api.get<Pod>(POD);
const restarts = async (): Promise<number | undefined> => (await pod()).status.containerStatuses?.[0]?.restartCount;
const podRuns = async (): Promise<boolean> => (await pod()).status.containerStatuses?.[0]?.ready === true;

/** Resolves a name inside the cluster, from the network of the first node. */
function resolve(name: string): string {
    const script = `const { Resolver } = require("dns").promises; const r = new Resolver({ timeout: 1000, tries: 2 }); r.setServers(["10.96.0.10"]);
        r.resolve4(${JSON.stringify(name)}).then((a) => console.log(a.join()), (e) => console.log(e.code))`;
    const network = `--net=/proc/${runningTree(layout.node("node-1"))?.pid}/ns/net`;
    return execFileSync("nsenter", [network, process.execPath, "-e", script], { encoding: "utf8", env: {} }).trim();
}

/** Whatever of the cluster there is on the machine. */
function leftovers(): string[] {
    const mark = Buffer.from(stateDir);
    const processes = allPids().filter((pid) => pid !== process.pid && runs(pid) && readOr(`/proc/${pid}/cmdline`).includes(mark));
    const groups = groupFolders(machineCgroups(), rootGroup(id)).filter((folder) => existsSync(folder));
    const mounts = readFileSync("/proc/self/mountinfo", "utf8")
        .split("\n")
        .filter((line) => line.includes(stateDir));
    const interfaces = readdirSync("/sys/class/net").filter((name) => !interfacesBefore.includes(name));
    return [...processes.map((pid) => `process ${pid}`), ...groups, ...mounts, ...interfaces];
}

function readOr(path: string): Buffer {
    try {
        return readFileSync(path);
    } catch {
        return Buffer.alloc(0);
    }
}

function filesBelow(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
}

const SHOWN = ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"].map((path) => `/proc/sys/${path}`);
const machineSettings = (): string[] => SHOWN.map((path) => readFileSync(path, "utf8"));
const settingsBefore = machineSettings();
const interfacesBefore = readdirSync("/sys/class/net");

(usable ? describe : describe.skip)("the embedded cluster", () => {
    beforeAll(async () => {
        const [apiPort = 0, http = 0] = await freePorts(2);
        if (!usable) return;
        options = {
            stateDir,
            nodes: 1,
            apiPort,
            publish: [{ host: http, node: 30080 }],
            mirrors: {},
            images: usable.images,
            tools: usable.tools,
        };
        await start();
        const container = { name: "pause", image: "localhost/mcp-platform/pause:3.10.1" };
        await eventually(
            "the default service account",
            async () => (await api.find("/api/v1/namespaces/default/serviceaccounts/default")) !== undefined,
        );
        await api.apply(POD, {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: "still-there" },
            spec: { terminationGracePeriodSeconds: 0, containers: [container] },
        });
        await eventually("the pod", podRuns);
    }, 120_000);
    afterAll(async () => {
        api?.close();
        await stopCluster(stateDir, silent);
        rmSync(stateDir, { recursive: true, force: true });
    }, 60_000);

    it("has a node that is Ready and a DNS that knows the cluster and nothing else", async () => {
        expect(await status()).toMatchObject({
            state: "running",
            mode: "nodes",
            nodes: [{ name: "node-1", ready: true }],
            problem: undefined,
        });
        expect(resolve("kubernetes.default.svc.cluster.local")).toBe("10.96.0.1");
        expect(resolve("example.com")).toBe("ENOTFOUND");
    });

    it("listens on the loopback address only", async () => {
        const listening = readFileSync("/proc/net/tcp", "utf8");
        const port = options.apiPort.toString(16).toUpperCase().padStart(4, "0");
        expect(listening).toContain(`0100007F:${port}`);
        expect(listening).not.toContain(`00000000:${port}`);
    });

    it("is started at once when it runs, and keeps every process", async () => {
        const before = await status();
        const begun = Date.now();
        await start();
        expect(Date.now() - begun).toBeLessThan(5000);
        expect((await status()).trees.map((tree) => tree.pid)).toEqual(before.trees.map((tree) => tree.pid));
    });

    it.each([
        ["node-1", "kubelet"],
        ["node-1", "containerd"],
        ["node-1", "kube-proxy"],
        ["hub", "kube-apiserver"],
        ["hub", "etcd"],
    ])(
        "starts again on %s a killed %s, and no pod restarts",
        async (tree, program) => {
            const restartsBefore = await restarts();
            const pid = await pidOf(tree, program);
            kill(pid);
            await eventually(`another ${program}`, async () => (await pidOf(tree, program)) !== pid);
            await eventually("a running cluster", async () => (await status()).state === "running" && (await podRuns()));
            expect(await restarts()).toBe(restartsBefore);
        },
        60_000,
    );

    it("starts the whole control plane again, and the node goes on meanwhile", async () => {
        const node = runningTree(layout.node("node-1"))?.pid;
        const hub = runningTree(layout.hub)?.pid ?? 0;
        kill(hub);
        await eventually("another hub", async () => ![undefined, hub].includes(runningTree(layout.hub)?.pid));
        await eventually("a running cluster", async () => (await status()).state === "running" && (await podRuns()));
        expect(runningTree(layout.node("node-1"))?.pid).toBe(node);
        await eventually("DNS", async () => resolve("kubernetes.default.svc.cluster.local") === "10.96.0.1");
    }, 60_000);

    it("starts a whole node again with its pods", async () => {
        const uid = (await pod()).metadata.uid;
        const node = runningTree(layout.node("node-1"))?.pid ?? 0;
        const restartsBefore = (await restarts()) ?? 0;
        kill(node);
        await eventually("the pod's next life", async () => ((await restarts()) ?? 0) > restartsBefore && (await podRuns()));
        expect((await pod()).metadata.uid).toBe(uid);
    }, 60_000);

    it("goes on without its supervisor, and the next one takes over what runs and repairs what does not", async () => {
        const first = supervisor();
        kill(first?.pid ?? 0);
        expect(await waitUntil(() => !isAlive(first), 2000)).toBe(true);
        expect(await podRuns()).toBe(true);
        expect((await status()).problem).toMatch(/no supervisor runs/);
        const node = runningTree(layout.node("node-1"))?.pid;
        kill(runningTree(layout.hub)?.pid ?? 0);
        await start();
        expect((await status()).state).toBe("running");
        expect(runningTree(layout.node("node-1"))?.pid).toBe(node);
    }, 60_000);

    it("empties a volume whose claim is gone and offers it again", async () => {
        const claim = "/api/v1/namespaces/default/persistentvolumeclaims/c";
        const user = "/api/v1/namespaces/default/pods/user";
        await api.apply(claim, {
            apiVersion: "v1",
            kind: "PersistentVolumeClaim",
            metadata: { name: "c" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
        });
        const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "c" } }];
        const containers = [
            { name: "pause", image: "localhost/mcp-platform/pause:3.10.1", volumeMounts: [{ name: "v", mountPath: "/v" }] },
        ];
        await api.apply(user, {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: "user" },
            spec: { terminationGracePeriodSeconds: 0, containers, volumes },
        });
        await eventually("the pod with the volume", async () => (await api.get<Pod>(user)).status.phase === "Running");
        const name = (await api.get<{ spec: { volumeName: string } }>(claim)).spec.volumeName;
        const folder = join(layout.node("node-1").data, "lib/volumes", name.replace("node-1-volume-", ""));
        writeFileSync(join(folder, "secret"), "of the first claim");
        await api.delete(user, { gracePeriodSeconds: 0 });
        await api.delete(claim);
        await eventually(
            "a volume to be had",
            async () => (await api.get<{ status: { phase: string } }>(`/api/v1/persistentvolumes/${name}`)).status.phase === "Available",
        );
        expect(readdirSync(folder)).toEqual([]);
    }, 60_000);

    it("shows no key in arguments, logs, specifications or reports, and opens none to others", () => {
        const keys = filesBelow(layout.pki).filter((path) => path.endsWith(".key"));
        const secrets = keys.map((path) => readFileSync(path, "utf8").split("\n")[1] ?? "");
        expect(secrets.length).toBeGreaterThan(10);
        const told = [
            layout.desired,
            layout.observed,
            layout.supervisorLog,
            layout.hub.spec,
            ...filesBelow(layout.hub.logs),
            ...filesBelow(layout.node("node-1").logs),
        ];
        const commands = allPids().map((pid) => readOr(`/proc/${pid}/cmdline`).toString("utf8"));
        const texts = [...told.map((path) => readFileSync(path, "utf8")), ...commands];
        expect(secrets.filter((secret) => texts.some((text) => text.includes(secret)))).toEqual([]);
        expect([...keys, layout.kubeconfig].filter((path) => (statSync(path).mode & 0o077) !== 0)).toEqual([]);
        expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    });

    it("grows to a second node and shrinks again", async () => {
        await start({ nodes: 2 });
        expect((await status()).nodes).toEqual([
            { name: "node-1", ready: true },
            { name: "node-2", ready: true },
        ]);
        await start({ nodes: 1 });
        expect((await status()).nodes).toEqual([{ name: "node-1", ready: true }]);
        expect(existsSync(layout.node("node-2").root)).toBe(false);
    }, 90_000);

    it("stops within 4 s without its supervisor, leaves nothing, and comes back with its pod", async () => {
        const uid = (await pod()).metadata.uid;
        api.close();
        kill(supervisor()?.pid ?? 0);
        const begun = Date.now();
        await stopCluster(stateDir, silent);
        expect(Date.now() - begun).toBeLessThan(4000);
        expect(leftovers()).toEqual([]);
        expect(await isFree(options.apiPort)).toBe(true);
        expect((await status()).state).toBe("stopped");
        expect(machineSettings()).toEqual(settingsBefore);
        await start();
        await eventually("the pod", podRuns);
        expect((await pod()).metadata.uid).toBe(uid);
    }, 90_000);
});

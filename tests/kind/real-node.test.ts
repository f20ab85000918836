/** A cluster of two nodes made by kind itself under a real Docker, on the node image that is made here. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeImageReference } from "../../embedded/kind/index.ts";
import { builtImages } from "../../embedded/images/index.ts";
import { skipped } from "../cluster/support.ts";
import { contentsOf, startEngine, tracesOnMachine, type Engine } from "./engines.ts";

const NAME = "real-node";
const NODE_PORT = 30080;

const [image] = (await builtImages(["registry"])) ?? [];
const before = await tracesOnMachine();
const engine = image ? await startEngine("docker") : "the image of the registry is not built (npm start builds it)";
if (typeof engine === "string") skipped("clusters of kind under Docker", engine);

/** A program on the worker with a volume, and a Service that reaches it through the control plane. */
const objects = (ref: string): object[] => [
    {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
    },
    {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "web", labels: { app: "web" } },
        spec: {
            nodeSelector: { "kubernetes.io/hostname": `${NAME}-worker` },
            containers: [
                {
                    name: "web",
                    image: ref,
                    imagePullPolicy: "Never",
                    volumeMounts: [{ name: "data", mountPath: "/var/lib/registry" }],
                    readinessProbe: { httpGet: { port: 5000, path: "/v2/" }, periodSeconds: 1 },
                },
            ],
            volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
        },
    },
    {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "web" },
        spec: { type: "NodePort", selector: { app: "web" }, ports: [{ port: 80, targetPort: 5000, nodePort: NODE_PORT }] },
    },
];

(typeof engine === "string" ? describe.skip : describe)("a node image made here", () => {
    const { folder, succeed, run, remove } = engine as Engine;
    const kubectl = (...args: string[]): Promise<string> => succeed("kubectl", ...args);
    // kube-proxy learns of a Ready pod a moment after it is Ready.
    const status = (url: string): Promise<string> =>
        succeed(
            "curl",
            "--silent",
            "--fail",
            "--retry",
            "20",
            "--retry-delay",
            "1",
            "--retry-all-errors",
            "--max-time",
            "5",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            url,
        );

    afterAll(async () => {
        await remove();
    }, 60_000);

    it("carries a cluster of two nodes with Services, volumes and ports published on this machine", async () => {
        const mapping = { containerPort: NODE_PORT, hostPort: 8088, listenAddress: "127.0.0.1" };
        const nodes = [{ role: "control-plane", extraPortMappings: [mapping] }, { role: "worker" }];
        const config = { kind: "Cluster", apiVersion: "kind.x-k8s.io/v1alpha4", name: NAME, nodes };
        await writeFile(join(folder, "cluster.json"), JSON.stringify(config));
        await succeed(
            "kind",
            "create",
            "cluster",
            "--config",
            join(folder, "cluster.json"),
            "--image",
            await nodeImageReference(),
            "--wait",
            "120s",
        );
        await succeed("kind", "load", "image-archive", image?.archive ?? "", "--name", NAME);
        await writeFile(join(folder, "objects.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items: objects(image?.ref ?? "") }));
        await kubectl("apply", "--filename", join(folder, "objects.json"));
        await kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=90s");
        await kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=90s");

        expect(await status("http://127.0.0.1:8088/v2/")).toBe("200");
        expect(await kubectl("get", "pvc", "data", "--output", "jsonpath={.status.phase} {.spec.storageClassName}")).toBe("Bound standard");
        await kubectl("wait", "--for=condition=Ready", "pod", "--all", "--all-namespaces", "--timeout=90s");
        // A CoreDNS that is Ready has reached the API server under its Service's address.
    }, 240_000);

    it("leaves nothing of a cluster that is deleted but kind's network", async () => {
        await succeed("kind", "delete", "cluster", "--name", NAME);

        expect(await contentsOf(engine as Engine)).toEqual(["network kind"]);
        expect((await run("kind", ["get", "clusters"])).stdout).toBe("");
    }, 60_000);

    it("leaves nothing on the machine once the engine is gone", async () => {
        await remove();

        expect((await tracesOnMachine()).filter((trace) => !before.includes(trace))).toEqual([]);
    }, 60_000);
});

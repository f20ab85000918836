/**
 * `up` of ConfigMaps beside `kubectl apply --server-side` of the same, against one real API server, and what an `up`
 * without changes writes.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { during, type Progress } from "../../embedded/common/progress.ts";
import { startApiServer, type ApiServer } from "../support/apiserver.ts";
import { compare, type Row } from "./table.ts";

const RUNS = 3;
const COUNT = 200;
const PROJECT = join(import.meta.dirname, "programs/configmaps");
const ENGINE = join(import.meta.dirname, "engine-process.ts");
/** Verbs of the audit log that change something. */
const WRITES: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** Needs the built API server and a `kubectl` on the path. */
export async function configMaps(progress: Progress): Promise<Row[]> {
    const folder = await mkdtemp(join(tmpdir(), "bench-configmaps-"));
    const server = await during(progress, "an API server of its own", 10, () => startApiServer());
    try {
        const kubeconfig = join(folder, "kubeconfig");
        await writeFile(kubeconfig, server.kubeconfig(), { mode: 0o600 });
        return await during(progress, `${COUNT} ConfigMaps with the engine and with kubectl, ${RUNS} times in turn`, RUNS * 12, () =>
            measure(server, folder, kubeconfig),
        );
    } finally {
        await server.stop();
        await rm(folder, { recursive: true, force: true });
    }
}

async function measure(server: ApiServer, folder: string, kubeconfig: string): Promise<Row[]> {
    const [up, same, apply, list] = [[] as number[], [] as number[], [] as number[], [] as number[]];
    let written = 0;
    for (let i = 0; i < RUNS; i++) {
        const namespaces = { engine: `engine-${i}`, documents: `documents-${i}`, list: `list-${i}` };
        const file = (name: string): string => join(folder, `${name}-${i}.yaml`);
        await writeFile(
            file("documents"),
            objects(namespaces.documents)
                .map((item) => stringify(item))
                .join("---\n"),
        );
        await writeFile(file("list"), JSON.stringify({ apiVersion: "v1", kind: "List", items: objects(namespaces.list) }));
        for (const namespace of Object.values(namespaces)) await kubectl(kubeconfig, ["create", "namespace", namespace]);
        const env = {
            KUBECONFIG: kubeconfig,
            PULUMI_BACKEND_URL: `file://${join(folder, String(i))}`,
            PULUMI_CONFIG_PASSPHRASE: "bench",
            BENCH_RESOURCES: String(COUNT),
            BENCH_NAMESPACE: namespaces.engine,
        };
        const engine = [ENGINE, "up", "--yes", "--skip-preview", "--stack", "bench"];
        up.push(await seconds(process.execPath, engine, env));
        apply.push(await kubectl(kubeconfig, ["apply", "--server-side", "--filename", file("documents")]));
        list.push(await kubectl(kubeconfig, ["apply", "--server-side", "--filename", file("list")]));
        const before = writesOf(server);
        same.push(await seconds(process.execPath, [...engine, "--expect-no-changes"], env));
        written += writesOf(server) - before;
    }
    const none = { floor: "", ratio: "" };
    return [
        compare(`up of ${COUNT} new ConfigMaps`, up, "kubectl apply --server-side, YAML documents", apply, "≤ 0.5"),
        compare("the same", up, "kubectl apply --server-side, one JSON List", list, ""),
        compare(`up of ${COUNT} ConfigMaps without changes`, same, "kubectl apply --server-side, YAML documents", apply, "≤ 0.5"),
        { what: `writes at the API server by ${RUNS} such runs`, measured: String(written), ...none, target: "0" },
    ];
}

function objects(namespace: string): object[] {
    return Array.from({ length: COUNT }, (_, i) => ({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: `map-${i}`, namespace },
        data: { number: String(i) },
    }));
}

function writesOf(server: ApiServer): number {
    return Object.entries(server.requests()).reduce((sum, [verb, count]) => sum + (WRITES.has(verb) ? count : 0), 0);
}

const kubectl = (kubeconfig: string, args: readonly string[]): Promise<number> =>
    seconds("kubectl", ["--kubeconfig", kubeconfig, ...args], {});

/** How long a command takes. Rejects with its last lines when it fails. */
async function seconds(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
    const begun = performance.now();
    const child = spawn(command, args, { cwd: PROJECT, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe", "pipe"] });
    let text = "";
    for (const i of [1, 2]) child.stdio[i]?.on("data", (data: Buffer) => (text += data.toString()));
    child.stdio[3]?.on("data", () => {}); // What the engine measures of itself is for others.
    const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${text.trim().split("\n").slice(-10).join("\n")}`);
    return (performance.now() - begun) / 1000;
}

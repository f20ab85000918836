/** A machine of doubles: docker, podman and kind on a PATH of their own, and what is on it in a file. */
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { ContainerEngine, type Provider } from "../../bin/kind/engine.ts";
import { findKind } from "../../bin/kind/program.ts";
import type { Work } from "../../bin/kind/cluster.ts";
import type { KindPlan } from "../../components/kind/plan.ts";
import { silent } from "../../embedded/common/progress.ts";
import { nodeImageReference } from "../../embedded/kind/index.ts";
import { freePorts } from "../support/ports.ts";

export interface DoubleContainer {
    readonly id: string;
    readonly name: string;
    running: boolean;
    readonly labels: Readonly<Record<string, string>>;
    readonly network: string;
    readonly files: Readonly<Record<string, string>>;
}

/** What is on the machine, and what its programs were asked. */
export interface Machine {
    calls: string[][];
    /** KIND_EXPERIMENTAL_PROVIDER at each call of kind. */
    kindProviders: string[];
    containers: DoubleContainer[];
    images: string[];
    volumes: Record<string, Record<string, string>>;
    networks: Record<string, string[]>;
    made: number;
    /** The configuration that kind was given. */
    config?: unknown;
    offline?: boolean;
    daemonDown?: boolean;
    kindFails?: string;
    kindListsNothing?: boolean;
}

export interface DoubleMachine {
    readonly folder: string;
    readonly plan: KindPlan;
    work(signal?: AbortSignal): Promise<Work>;
    look(): Promise<Machine>;
    change(change: (machine: Machine) => void): Promise<void>;
    /** What changed the machine, verbs only. */
    changes(): Promise<string[]>;
    remove(): Promise<void>;
}

/** The registry's container when it is asked for. */
export const REGISTRY = {
    name: "kind-registry",
    volume: "kind-registry-data",
    setting: "registry.port",
    image: "localhost/mcp-platform/registry:3.0.0",
    madeHere: false,
} as const;

const CHANGING = /^(run|start|rm|exec|load|pull|kill|volume create|volume rm|network rm|create cluster|delete cluster|export kubeconfig)\b/;

/** Makes a machine with an engine and kind. The process's PATH leads to them until `remove`. */
export async function doubleMachine(provider: Provider, programs: readonly string[] = [provider, "kind"]): Promise<DoubleMachine> {
    const folder = await mkdtemp(join(tmpdir(), "mcp-platform-kind-"));
    const double = join(import.meta.dirname, "doubles/machine.mjs");
    for (const name of programs) {
        // Their own name, and the node of this process.
        await writeFile(join(folder, name), `#!${process.execPath}\nawait import(${JSON.stringify(double)});\n`);
        await chmod(join(folder, name), 0o755);
    }
    for (const name of ["tar", "sh", "ldd"]) await symlink(`/bin/${name}`, join(folder, name));
    await writeFile(join(folder, "package.json"), `{ "type": "module" }`);
    const file = join(folder, "machine.json");
    const look = async () => JSON.parse(await readFile(file, "utf8")) as Machine;
    const machine: Machine = {
        calls: [],
        kindProviders: [],
        containers: [],
        images: [await nodeImageReference(), REGISTRY.image],
        volumes: {},
        networks: {},
        made: 0,
    };
    await writeFile(file, JSON.stringify(machine));
    const before = { PATH: process.env["PATH"], DOUBLE_MACHINE: process.env["DOUBLE_MACHINE"] };
    process.env["DOUBLE_MACHINE"] = file;
    process.env["PATH"] = [folder, dirname(process.execPath)].join(delimiter);
    const [http = 0, https = 0, registry = 0] = await freePorts(3);
    const plan: KindPlan = {
        name: "test",
        provider,
        workers: 1,
        ports: [
            { host: http, node: 30080, setting: "topology.gatewayPort" },
            { host: https, node: 30443, setting: "topology.gatewayTlsPort" },
        ],
        containerdPatches: ["[patch]"],
        files: [
            { path: "/etc/containerd/certs.d/localhost:5000/hosts.toml", mode: "0644", text: 'server = "http://kind-registry:5000"\n' },
        ],
        kubeconfig: join(folder, "state", "kind", "test", "kubeconfig"),
        registry: { ...REGISTRY, port: registry },
    };
    return {
        folder,
        plan,
        look,
        work: async (signal) => ({
            engine: new ContainerEngine(provider, signal),
            kind: await findKind(provider, silent, signal),
            progress: silent,
            signal,
        }),
        change: async (change) => {
            const now = await look();
            change(now);
            await writeFile(file, JSON.stringify(now));
        },
        changes: async () => (await look()).calls.map(([, ...args]) => args.join(" ")).flatMap((text) => CHANGING.exec(text)?.[1] ?? []),
        remove: async () => {
            for (const one of (await look()).containers as (DoubleContainer & { pid?: number })[]) if (one.pid) process.kill(one.pid);
            process.env["PATH"] = before.PATH;
            if (before.DOUBLE_MACHINE === undefined) delete process.env["DOUBLE_MACHINE"];
            else process.env["DOUBLE_MACHINE"] = before.DOUBLE_MACHINE;
            await rm(folder, { recursive: true, force: true });
        },
    };
}

/** A sandbox with a real container engine, kind, kubectl and the node image, for tests and measurements with real clusters. */
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { buildKindTools, builtKindTools, builtNodeImage, type Provider } from "../../embedded/kind/index.ts";
import { projectRoot } from "../../embedded/common/paths.ts";
import { silent } from "../../embedded/common/progress.ts";
import { run, type RunResult } from "../../embedded/common/process.ts";
import { startDocker } from "../support/docker.ts";
import { startPodman } from "../support/podman.ts";
import type { Sandbox } from "../support/sandbox.ts";

export interface Engine extends Sandbox {
    readonly provider: Provider;
    /** Runs a program inside and answers with what it printed; an error when it fails. */
    succeed(command: string, ...args: string[]): Promise<string>;
    /** Runs `npm run <name>` inside, without npm. */
    npm(name: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<RunResult & { readonly seconds: number }>;
}

/** The engine with the node image loaded by our own command; or why there is none. */
export async function startEngine(provider: Provider): Promise<Engine | string> {
    const how = "npm run images -- kind-node makes it";
    if (!(await builtNodeImage())) return `the node image of kind is not made (${how})`;
    const names = ["kind", "kubeadm"] as const;
    if (!(await builtKindTools(names))) return `kind and kubectl are not built (${how})`;
    const tools = await buildKindTools(silent, undefined, names);
    const sandbox = provider === "docker" ? await startDocker() : await startPodman();
    if (typeof sandbox === "string") return sandbox;
    sandbox.env["PATH"] = [tools.kind, tools.kubeadm, sandbox.env["PATH"] ?? ""].join(delimiter);
    sandbox.env["KIND_EXPERIMENTAL_PROVIDER"] = provider;
    sandbox.env["KUBECONFIG"] = join(sandbox.folder, "kubeconfig");
    const npm: Engine["npm"] = async (name, args, env = {}) => {
        const begun = performance.now();
        const result = await sandbox.run(process.execPath, [join(projectRoot, "bin/run.mjs"), name, ...args], { env });
        return { ...result, seconds: (performance.now() - begun) / 1000 };
    };
    const succeed: Engine["succeed"] = async (command, ...args) => {
        const { code, stdout, stderr } = await sandbox.run(command, args);
        if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with status ${code}:\n${stdout}${stderr}`);
        return stdout;
    };
    const engine: Engine = { ...sandbox, provider, npm, succeed };
    const loaded = await npm("images", ["kind-node", "--provider", provider]);
    if (loaded.code === 0) return engine;
    await sandbox.remove();
    throw new Error(loaded.stderr);
}

/** What an engine holds, one line each: containers, volumes, networks that it does not always have. */
export async function contentsOf({ provider, succeed }: Engine): Promise<string[]> {
    const list = async (...args: string[]): Promise<string[]> => (await succeed(provider, ...args)).split("\n").filter(Boolean);
    const containers = await list("ps", "--all", "--format", "container {{.Names}}");
    const volumes = await list("volume", "ls", "--format", "volume {{.Name}}");
    const networks = await list("network", "ls", "--format", "network {{.Name}}");
    return [...containers, ...volumes, ...networks].filter((line) => !/^network (bridge|host|none|podman)$/.test(line)).toSorted();
}

const lines = async (command: string, ...args: string[]): Promise<string[]> =>
    (await run(command, args)).stdout.split("\n").filter((line) => /docker|podman|netavark|veth|br-|sandbox|kind|libpod/i.test(line));

/** What this machine, outside, has of engines and sandboxes: mounts, control groups, links and chains. */
export async function tracesOnMachine(): Promise<string[]> {
    const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
        .split("\n")
        .filter((line) => /docker|containers|sandbox|libpod/.test(line));

    return [
        ...mounts,
        ...(await lines("iptables-save")),
        ...(await lines("ip", "-o", "link")),
        ...(await lines("find", "/sys/fs/cgroup", "-maxdepth", "3", "-type", "d")),
    ].toSorted();
}

/** `npm run cluster -- COMMAND`: the embedded cluster by hand. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UserError, USER_ERROR_EXIT_CODE } from "../common/errors.ts";
import { stateRoot } from "../common/paths.ts";
import { consoleProgress, type Progress } from "../common/progress.ts";
import { readJson } from "./files.ts";
import { checkMachine, clusterStatus, startCluster, stopCluster, CLUSTER_TOOLS, type ClusterStatus, type PublishedPort } from "./index.ts";
import { layoutOf } from "./layout.ts";
import { chooseLogs, followLogs, lastLines, logFiles } from "./logs.ts";
import type { Desired } from "./state.ts";

const HELP = `npm run cluster -- COMMAND

  status [--json]                          what runs: processes, restarts, memory, nodes, ports
  logs [COMPONENT] [--follow] [--lines N]  the logs of one component (hub/etcd, kubelet, node-1, supervisor, …) or of all
  kubeconfig [--path]                      the administrator's kubeconfig, or only where it is
  start [--nodes N] [--api-port PORT] [--publish PORT:NODEPORT,…]
                                           starts the cluster alone; what is not given stays as it was
  stop                                     ends it and leaves nothing running; its content stays

Run on its own, "status" tells what to look at; "npm start" starts the cluster with the platform on it.`;

const MIRRORS = { "registry.local": "http://127.0.0.1:32000" };
const PUBLISHED = [
    { host: 8080, node: 30080, option: "--publish" },
    { host: 8443, node: 30443, option: "--publish" },
    { host: 32000, node: 32000, option: "--publish" },
];

/** Runs one command; answers the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
    const [command, ...rest] = argv;
    if (command === undefined || command === "help" || argv.includes("--help") || argv.includes("-h")) {
        console.log(HELP);
        return 0;
    }
    const stateDir = join(stateRoot(), "cluster");
    try {
        switch (command) {
            case "status":
                return await status(stateDir, rest);
            case "logs":
                return await logs(stateDir, rest);
            case "kubeconfig":
                return kubeconfig(stateDir, rest);
            case "start":
                return await start(stateDir, rest);
            case "stop":
                options(rest, {});
                await stopCluster(stateDir, consoleProgress());
                return 0;
            default:
                throw new UserError(`There is no command "${command}".\n\n${HELP}`);
        }
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        console.error(error.message);
        return USER_ERROR_EXIT_CODE;
    }
}

type OptionSpec = Readonly<Record<string, { type: "string" | "boolean"; short?: string }>>;

function options(
    args: readonly string[],
    spec: OptionSpec,
    positionals = 0,
): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
    try {
        const parsed = parseArgs({ args: [...args], options: spec, allowPositionals: true });
        if (parsed.positionals.length > positionals) throw new Error(`Unexpected argument "${parsed.positionals[positionals]}".`);
        return { values: { ...parsed.values } as Record<string, string | boolean | undefined>, positionals: parsed.positionals };
    } catch (error) {
        throw new UserError(`${(error as Error).message}\n\n${HELP}`);
    }
}

function numberOf(value: string | boolean | undefined, name: string, otherwise: number): number {
    if (value === undefined) return otherwise;
    const number = Number(value);
    if (!Number.isInteger(number) || number < 0) throw new UserError(`${name} takes a number; found "${value}".`);
    return number;
}

async function status(stateDir: string, args: readonly string[]): Promise<number> {
    const { values } = options(args, { json: { type: "boolean" } });
    const found = await clusterStatus(stateDir);
    console.log(values["json"] ? JSON.stringify(found, undefined, 2) : describe(found));
    return found.state === "running" ? 0 : 1;
}

function memory(bytes: number): string {
    return `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** The status as text for people. */
export function describe(status: ClusterStatus): string {
    const lines = [
        `cluster: ${status.state}${status.mode === "control-plane" ? " (control plane only: not root)" : ""}, ${memory(status.rssBytes)} resident`,
    ];
    if (status.problem) lines.push(`problem: ${status.problem}`);
    if (status.state === "stopped") return [...lines, "Start it with npm start."].join("\n");
    const rows = [["", "PROCESS", "STATE", "PID", "RESTARTS", "MEMORY", "LAST END"]];
    if (status.supervisor)
        rows.push(["", "supervisor", "running", String(status.supervisor.pid), "", memory(status.supervisor.rssBytes), ""]);
    for (const tree of status.trees) {
        rows.push([
            tree.name,
            "",
            tree.running ? "running" : "not running",
            String(tree.pid ?? ""),
            "",
            memory(tree.rssBytes),
            tree.error ?? "",
        ]);
        for (const each of tree.processes) {
            rows.push([
                "",
                each.name,
                each.state,
                String(each.pid ?? ""),
                String(each.restarts),
                memory(each.rssBytes),
                each.lastExit ?? "",
            ]);
        }
    }
    const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
    lines.push(
        "",
        ...rows.map((row) =>
            row
                .map((cell, i) => cell.padEnd(widths[i] ?? 0))
                .join("  ")
                .trimEnd(),
        ),
        "",
    );
    for (const node of status.nodes) lines.push(`node ${node.name}: ${node.ready ? "Ready" : "not Ready"}`);
    for (const port of status.ports) lines.push(`127.0.0.1:${port.host} → ${port.to}`);
    return [...lines, `kubeconfig: ${status.kubeconfig}`].join("\n");
}

async function logs(stateDir: string, args: readonly string[]): Promise<number> {
    const { values, positionals } = options(args, { follow: { type: "boolean", short: "f" }, lines: { type: "string", short: "n" } }, 1);
    if (!existsSync(stateDir)) throw new UserError("No cluster was ever started here, so there are no logs. Start it with npm start.");
    const files = chooseLogs(logFiles(stateDir), positionals[0]);
    const print = (name: string, line: string): void => console.log(files.length > 1 ? `${name}: ${line}` : line);
    const count = numberOf(values["lines"], "--lines", files.length > 1 ? 10 : 100);
    for (const file of files) for (const line of lastLines(file.path, count)) print(file.name, line);
    if (!values["follow"]) return 0;
    const end = new AbortController();
    process.once("SIGINT", () => end.abort());
    await followLogs(files, print, end.signal);
    return 0;
}

function kubeconfig(stateDir: string, args: readonly string[]): number {
    const { values } = options(args, { path: { type: "boolean" } });
    const path = layoutOf(stateDir).kubeconfig;
    if (!existsSync(path)) throw new UserError(`There is no kubeconfig at ${path} yet. Start the cluster with npm start.`);
    console.log(values["path"] ? path : readFileSync(path, "utf8").trimEnd());
    return 0;
}

function parsePublished(text: string): PublishedPort[] {
    return text.split(",").map((pair) => {
        const [, host, node] = /^(\d+):(\d+)$/.exec(pair) ?? [];
        if (!host || !node) throw new UserError(`--publish takes pairs like 8080:30080,32000:32000; found "${pair}".`);
        return { host: Number(host), node: Number(node), option: "--publish" };
    });
}

/** The images without which no cluster is whole; loaded here, because the other commands work without the means to build. */
async function bareImages(progress: Progress): Promise<string[]> {
    const { buildImages } = await import("../images/index.ts");
    return (await buildImages(["pause", "coredns"], progress)).map((image) => image.archive);
}

async function start(stateDir: string, args: readonly string[]): Promise<number> {
    const { values } = options(args, { nodes: { type: "string" }, "api-port": { type: "string" }, publish: { type: "string" } });
    const publish = typeof values["publish"] === "string" ? parsePublished(values["publish"]) : undefined;
    const progress = consoleProgress();
    const earlier = readJson<Desired>(layoutOf(stateDir).desired);
    const machine = {
        stateDir,
        nodes: numberOf(values["nodes"], "--nodes", earlier?.nodes ?? 1),
        apiPort: numberOf(values["api-port"], "--api-port", earlier?.apiPort ?? 6443),
        publish: publish ?? earlier?.publish ?? PUBLISHED,
    };
    await checkMachine(machine);
    const { buildTools } = await import("./build.ts");
    const tools = await buildTools(CLUSTER_TOOLS, progress);
    const info = await startCluster(
        {
            ...machine,
            mirrors: earlier?.mirrors ?? MIRRORS,
            images: earlier?.images ?? (await bareImages(progress)),
            tools,
        },
        progress,
    );
    console.log(`kubeconfig: ${info.kubeconfig}`);
    return 0;
}

/** The platform as a user has it, started with the npm commands beside whatever else runs on the machine. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { callTool } from "../../bin/tool-call.ts";
import { toolNames, builtTools } from "../../embedded/cluster/build.ts";
import type { ClusterStatus } from "../../embedded/cluster/index.ts";
import { ADDRESSES, HUB_API_PORT, planCluster } from "../../embedded/cluster/plan.ts";
import { apiRequest } from "../support/api-request.ts";
import { npmRegistry, PACKAGE, REGISTRY_URL } from "../support/npm-registry.ts";
import { makeOutside } from "../support/outside.ts";
import { makePlatform, type Platform } from "../support/platform.ts";
import { connectFrom, pidInPod } from "../support/pod-network.ts";

const obstacle =
    process.getuid?.() !== 0
        ? "pods need root"
        : (await builtTools(toolNames)) === undefined
          ? "the tools are not built; npm test without arguments builds them"
          : undefined;
if (obstacle) console.warn(`tests/e2e/start.test.ts is skipped: ${obstacle}`);

const MINUTES = 60_000;

(obstacle ? describe.skip : describe)("npm start", () => {
    let platform: Platform;
    let started: Awaited<ReturnType<Platform["command"]>>;

    const start = (): ReturnType<Platform["command"]> => platform.command("start", ["--config-file", platform.settingsFile]);
    const callEcho = (server: string): Promise<{ answer: string | undefined }> =>
        callTool(new URL(`${platform.gateway}/${server}/mcp`), "echo", { message: "hi" });
    const status = async (): Promise<ClusterStatus> =>
        JSON.parse((await platform.command("cluster", ["status", "--json"])).stdout) as ClusterStatus;
    const pidOf = async (name: string): Promise<number> => {
        const report = await status();
        if (name === "supervisor") return report.supervisor?.pid ?? Number.NaN;
        const tree = report.trees.find((t) => t.name === name);
        return tree?.pid ?? report.trees.flatMap((t) => t.processes).find((p) => p.name === name)?.pid ?? Number.NaN;
    };
    const summary = async (): Promise<Record<string, number>> => {
        const { stdout } = await platform.engine("preview", ["--json"]);
        return (JSON.parse(stdout) as { changeSummary: Record<string, number> }).changeSummary;
    };
    const api = (method: string, path: string, body?: unknown): Promise<unknown> =>
        apiRequest(join(platform.stateDir, "cluster/kubeconfig"), method, path, body);
    /** Writes at the API server by the administrator, whom the engine acts as. */
    const writes = (): string[] =>
        readFileSync(join(platform.stateDir, "cluster/hub/log/audit.log"), "utf8")
            .split("\n")
            .filter((line) => line.includes('"username":"admin"'));

    beforeAll(async () => {
        platform = await makePlatform();
        started = await start();
    }, 8 * MINUTES);
    afterAll(() => platform.remove(), MINUTES);

    it("ends with the addresses, the tools and the answer of a tool", () => {
        expect(started.stderr + started.stdout).toContain('→ "Echo: hello from mcp-platform"');
        expect(started.stdout).toContain(`${platform.gateway}/everything/mcp`);
        expect(started.stdout).toContain(join(platform.stateDir, "cluster/kubeconfig"));
        expect(started.code).toBe(0);
    });

    it("answers over both transports", async () => {
        expect((await callEcho("everything")).answer).toBe("Echo: hi");
        expect((await callEcho("everything-http")).answer).toBe("Echo: hi");
    });

    it("lets nothing pass that the flows do not name: not to a server from elsewhere, and not from a server to the API server", async () => {
        const nodePid = (await status()).trees.find((tree) => tree.name === "node-1")?.pid ?? 0;
        const { items } = (await api("GET", "/api/v1/pods")) as { items: { metadata: { name: string }; status: { podIP: string } }[] };
        const address = (name: string): string => items.find((pod) => pod.metadata.name.startsWith(name))?.status.podIP ?? "";
        const server = address("everything-http");
        const reaches = (from: string, to: string, port: number): Promise<string> =>
            connectFrom(pidInPod(nodePid, address(from)), to, port);
        expect(await Promise.all(["mcp-gateway", "coredns", "traefik", "mcp-operator"].map((from) => reaches(from, server, 8080)))).toEqual(
            ["connected", "timeout", "timeout", "timeout"],
        );
        expect(await Promise.all(["mcp-gateway", "everything-http"].map((from) => reaches(from, ADDRESSES.hub, HUB_API_PORT)))).toEqual([
            "connected",
            "timeout",
        ]);
    });

    it(
        "leaves nothing to change, and an update without changes writes nothing to the API server",
        async () => {
            expect(Object.keys(await summary())).toEqual(["same"]);
            const before = writes();
            expect((await platform.engine("up", ["--yes", "--expect-no-changes"])).code).toBe(0);
            expect(writes()).toEqual(before);
        },
        MINUTES,
    );

    it(
        "repairs a Deployment that was deleted by hand, after a refresh",
        async () => {
            await api("DELETE", "/apis/apps/v1/namespaces/mcp-runtime/deployments/mcp-operator");
            expect((await platform.engine("refresh", ["--yes"])).code).toBe(0);
            expect(await summary()).toEqual(expect.objectContaining({ create: 1 }));
            expect((await platform.engine("up", ["--yes"])).code).toBe(0);
            expect(await api("GET", "/apis/apps/v1/namespaces/mcp-runtime/deployments/mcp-operator")).toMatchObject({
                status: { availableReplicas: 1 },
            });
        },
        3 * MINUTES,
    );

    it(
        "runs a server that is an npm package, installed from the registry of the settings",
        async () => {
            const { argv, env } = await npmRegistry();
            const hub = (await status()).trees.find((tree) => tree.name === "hub")?.pid ?? 0;
            const { nodes } = planCluster({ stateDir: platform.stateDir, nodes: 1, apiPort: 0, publish: [] }, "nodes");
            const outside = await makeOutside(hub, nodes, argv, env);
            try {
                await platform.changeSettings((settings) => {
                    settings["mcp-platform:npmRegistry"] = REGISTRY_URL;
                    settings["mcp-platform:servers"] = {
                        ...(settings["mcp-platform:servers"] as object),
                        tiny: { package: PACKAGE, transport: "stdio", args: ["a package"] },
                    };
                });
                const up = await platform.engine("up", ["--yes"]);
                expect([up.code, up.stdout.slice(-1500)]).toEqual([0, expect.anything()]);
                expect((await callTool(new URL(`${platform.gateway}/tiny/mcp`), "greet", {})).answer).toBe("greetings from a package");
            } finally {
                // The registry is plugged into this life of the cluster's hub.
                await platform.changeSettings((settings) => {
                    delete settings["mcp-platform:npmRegistry"];
                    delete (settings["mcp-platform:servers"] as Record<string, unknown>)["tiny"];
                });
                expect((await platform.engine("up", ["--yes"])).code).toBe(0);
                outside.remove();
            }
        },
        3 * MINUTES,
    );

    it.each(["supervisor", "etcd", "kube-apiserver", "kubelet", "containerd", "hub", "node-1"])(
        "works again after kill -9 of %s and another start",
        async (name) => {
            process.kill(await pidOf(name), "SIGKILL");
            const again = await start();
            expect([again.code, again.stderr.slice(-600)]).toEqual([0, expect.anything()]);
            expect((await callEcho("everything")).answer).toBe("Echo: hi");
        },
        3 * MINUTES,
    );

    it(
        "keeps every generated secret out of state, logs and output",
        async () => {
            const { stdout } = await platform.command("stack", ["output", "--json", "--show-secrets", "--stack", "embedded"]);
            const { registryPassword } = JSON.parse(stdout) as { registryPassword: string };
            expect(registryPassword.length).toBeGreaterThan(15);
            const secrets = [registryPassword, Buffer.from(`push:${registryPassword}`).toString("base64"), "PRIVATE KEY-----\\n"];
            const exported = await platform.command("stack", ["export", "--stack", "embedded"]);
            const places = [
                ...filesBelow(join(platform.stateDir, ".pulumi")),
                ...filesBelow(platform.stateDir).filter((file) => file.endsWith(".log")),
            ];
            expect(places.length).toBeGreaterThan(10);
            for (const secret of secrets) {
                expect(exported.stdout).not.toContain(secret);
                expect(started.stdout + started.stderr).not.toContain(secret);
                expect(places.filter((file) => readFileSync(file, "utf8").includes(secret))).toEqual([]);
            }
        },
        MINUTES,
    );

    it(
        "stops without leaving a process, a mount or a group, and starts again from what it stored",
        async () => {
            expect((await platform.command("stop")).code).toBe(0);
            expect(leftovers(platform.stateDir)).toEqual([]);
            const again = await start();
            expect(again.stdout).toContain("Echo: hello from mcp-platform");
        },
        3 * MINUTES,
    );
});

function filesBelow(folder: string): string[] {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((path) => !/cluster\/(hub|nodes\/[^/]+)\/data\//.test(path))
        .map((path) => join(folder, path))
        .filter((path) => existsSync(path) && statSync(path).isFile());
}

/** Processes and mounts that name the platform's folder. */
function leftovers(stateDir: string): string[] {
    const processes = readdirSync("/proc")
        .filter((pid) => /^\d+$/.test(pid) && pid !== String(process.pid))
        .filter((pid) => {
            try {
                return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(stateDir);
            } catch {
                return false; // it ended meanwhile
            }
        })
        .map((pid) => `process ${pid}`);
    const mounts = readFileSync("/proc/self/mounts", "utf8")
        .split("\n")
        .filter((line) => line.includes(stateDir));
    return [...processes, ...mounts];
}

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { REGISTRY_PATHS, registryConfiguration } from "../../components/registry/configuration.ts";
import { builtTools } from "../../embedded/cluster/build.ts";
import type { Secret } from "../../embedded/engine/values.ts";
import { randomProvider } from "../../embedded/providers/random/index.ts";
import { freePorts } from "../support/ports.ts";

async function registryBinary(): Promise<string | undefined> {
    const override = process.env["MCP_PLATFORM_TOOLS"];
    const folder = override ? join(override, "bin") : (await builtTools(["registry"]))?.registry;
    const path = folder && join(folder, "registry");
    return path && existsSync(path) ? path : undefined;
}

const binary = await registryBinary();
if (!binary) console.warn("skipped: the registry is not built. Run `npm start` once to build it.");
const describeRegistry = binary ? describe : describe.skip;

describeRegistry("the registry with the program's configuration and users", () => {
    let registry: ChildProcess;
    let folder: string;
    let port: number;
    let password: string;

    beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "registry-"));
        [port = 0] = await freePorts(1);
        const configuration = registryConfiguration("bundled-http")
            .replace(":5000", `127.0.0.1:${port}`)
            .replaceAll(REGISTRY_PATHS.users, join(folder, "users"))
            .replaceAll(REGISTRY_PATHS.storage, join(folder, "storage"));
        const context = { preview: false, signal: new AbortController().signal, status: () => {}, log: () => {} };
        const type = "random:index/randomPassword:RandomPassword";
        const { outs } = await randomProvider().create(`urn:pulumi:test::test::${type}::it`, { length: 40, special: false }, context);
        const made = outs as { result: Secret; bcryptHash: Secret };
        password = String(made.result.value);
        await mkdir(join(folder, "users"));
        await writeFile(join(folder, "users", "htpasswd"), `push:${String(made.bcryptHash.value)}\n`, { mode: 0o600 });
        await writeFile(join(folder, "config.yml"), configuration);
        const env = { REGISTRY_HTTP_SECRET: "x", OTEL_TRACES_EXPORTER: "none" };
        registry = spawn(binary ?? "", ["serve", join(folder, "config.yml")], { cwd: folder, env, stdio: "ignore" });
        for (let attempt = 0; attempt < 100; attempt++) {
            if (await status("/").catch(() => 0)) break;
            await delay(50);
        }
    });

    afterAll(async () => {
        if (registry?.exitCode === null) {
            registry.kill("SIGKILL");
            await once(registry, "exit");
        }
        await rm(folder, { recursive: true });
    });

    async function status(path: string, user?: string): Promise<number> {
        const headers = user ? { authorization: `Basic ${btoa(user)}` } : {};
        return (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status;
    }

    test("answers probes without a user, and nothing else", async () => {
        expect(await status("/")).toBe(200);
        expect(await status("/v2/")).toBe(401);
        expect(await status("/v2/_catalog")).toBe(401);
        expect(await status("/metrics")).toBe(404);
    });

    test("knows the user with the generated password, and no other", async () => {
        expect(await status("/v2/", `push:${password}`)).toBe(200);
        expect(await status("/v2/", `push:${password}x`)).toBe(401);
        expect(await status("/v2/", `pull:${password}`)).toBe(401);
    });
});

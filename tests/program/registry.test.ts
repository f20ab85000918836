import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { REGISTRY_PATHS, registryConfiguration } from "../../components/registry/configuration.ts";
import { freePorts } from "../support/ports.ts";
import { generatedPassword, registryBinary } from "../support/registry.ts";

const binary = await registryBinary();
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
        const user = await generatedPassword();
        password = user.password;
        await mkdir(join(folder, "users"));
        await writeFile(join(folder, "users", "htpasswd"), `push:${user.hash}\n`, { mode: 0o600 });
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

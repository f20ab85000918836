import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createHash } from "node:crypto";
import { check, run } from "../../embedded/common/process.ts";
import { until } from "./support.ts";

const operator = resolve(import.meta.dirname, "../../operator");
const main = join(operator, "main.ts");
const plain = { env: { NODE_OPTIONS: undefined } };

let folder: string;
let target: string;
beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "operator-install-"));
    target = join(folder, "target");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("the operator's program names its processes when it is given none or a wrong one", async () => {
    for (const args of [[], ["toString"]]) {
        const { code, stderr } = await run(process.execPath, [main, ...args], plain);
        expect([code, stderr]).toEqual([255, expect.stringContaining("controller, gateway, bridge, install-bridge, install-package")]);
    }
});

test("the bridge consists of what is copied: its own folder and nothing but Node", () => {
    for (const file of readdirSync(join(operator, "bridge"), { recursive: true, encoding: "utf8" }).filter((name) =>
        name.endsWith(".ts"),
    )) {
        const imports = [...readFileSync(join(operator, "bridge", file), "utf8").matchAll(/(?:from|import\() ?"([^"]+)"/g)].map(
            ([, name]) => name,
        );
        expect(imports.filter((name) => !/^(node:|\.\/)/.test(name ?? ""))).toEqual([]);
    }
});

test("the program itself imports nothing before it knows which process it is", () => {
    expect(readFileSync(main, "utf8").match(/^import /gm)).toBeNull();
});

const CHROOT = ["/usr/sbin/chroot", "/usr/bin/chroot", "/sbin/chroot"].find((path) => existsSync(path)) ?? "";
const mayChangeRoot = process.getuid?.() === 0 && CHROOT !== "";
if (!mayChangeRoot) console.warn("skipped: changing the root folder needs root and the program chroot");
const describeWithRoot = mayChangeRoot ? describe : describe.skip;

test("installs a bridge of at most 150 MB, again and again", async () => {
    for (let i = 0; i < 2; i++) await check(process.execPath, [main, "install-bridge", folder], plain);
    const size = readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce(
        (sum, name) => sum + statSync(join(folder, name)).size,
        0,
    );
    expect(size).toBeLessThan(150_000_000);
});

describeWithRoot("in a foreign image", () => {
    test("the bridge is process 1 in an image that holds nothing else", async () => {
        await check(process.execPath, [main, "install-bridge", join(folder, "mcp-bridge")], plain);
        await mkdir(join(folder, "tmp"));
        const port = await new Promise<number>((done) => {
            const listener = http.createServer().listen(0, "127.0.0.1", () => {
                const { port } = listener.address() as AddressInfo;
                listener.close(() => done(port));
            });
        });
        const loader = ["/mcp-bridge/lib/ld.so", "--library-path", "/mcp-bridge/lib", "/mcp-bridge/bin/node"];
        const server = `require("readline").createInterface({input:process.stdin}).on("line",(l)=>{const m=JSON.parse(l);if(m.id!==undefined)console.log(JSON.stringify({jsonrpc:"2.0",id:m.id,result:{protocolVersion:"2025-06-18",capabilities:{},serverInfo:{name:"tiny",version:"1"}}}))})`;
        const env = {
            BRIDGE_PORT: String(port),
            BRIDGE_HEALTH_PORT: "0",
            BRIDGE_HOST: "127.0.0.1",
            PATH: "/",
            HOME: "/tmp",
            BRIDGE_LINGER_SECONDS: "0",
        };
        const bridge = spawn(CHROOT, [folder, ...loader, "/mcp-bridge/app/operator/main.ts", "bridge", "--", ...loader, "-e", server], {
            env,
            stdio: ["ignore", "ignore", "pipe"],
        });
        const gone = new Promise<number | null>((done) => bridge.once("exit", (code) => done(code)));
        let said = "";
        bridge.stderr.on("data", (text: Buffer) => (said += text.toString()));
        try {
            const body = {
                jsonrpc: "2.0",
                id: 1,
                method: "initialize",
                params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
            };
            const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
            const text = await until(
                "the bridge answers",
                async () => {
                    const response = await fetch(`http://127.0.0.1:${port}/mcp`, { method: "POST", headers, body: JSON.stringify(body) });
                    return response.ok ? response.text() : undefined;
                },
                10_000,
            ).catch((error: unknown) => {
                throw new Error(`${String(error)}\n${said}`);
            });
            expect(text).toContain('"name":"tiny"');
        } finally {
            bridge.kill("SIGTERM");
        }
        expect(await gone).toBe(0);
    });
});

describe("a package", () => {
    let registry: http.Server;
    let url: string;
    const packages = new Map<string, Record<string, unknown>>();
    const tarballs = new Map<string, Buffer>();

    const publish = async (
        name: string,
        manifest: Record<string, unknown>,
        program = "#!/usr/bin/env node\nconsole.log('started')\n",
    ): Promise<void> => {
        const source = join(folder, "source", "package");
        await mkdir(source, { recursive: true });
        await writeFile(join(source, "package.json"), JSON.stringify({ name, version: "1.0.0", ...manifest }));
        await writeFile(join(source, "server.js"), program);
        const file = `${name.replaceAll("/", "-")}.tgz`;
        await check("tar", ["czf", join(folder, file), "-C", join(folder, "source"), "package"]);
        const tarball = await readFile(join(folder, file));
        tarballs.set(`/-/${file}`, tarball);
        const dist = { tarball: `${url}/-/${file}`, integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}` };
        packages.set(name, {
            name,
            "dist-tags": { latest: "1.0.0" },
            versions: { "1.0.0": { name, version: "1.0.0", ...manifest, dist } },
        });
    };
    beforeEach(async () => {
        registry = http.createServer((request, response) => {
            const path = decodeURIComponent(request.url ?? "");
            const found = tarballs.get(path) ?? JSON.stringify(packages.get(path.slice(1)) ?? null);
            response.writeHead(found === "null" ? 404 : 200, { "content-type": "application/json" }).end(found === "null" ? "{}" : found);
        });
        await new Promise<void>((done) => registry.listen(0, "127.0.0.1", done));
        url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
    });
    afterEach(async () => {
        packages.clear();
        registry.closeAllConnections();
        await new Promise((done) => registry.close(done));
    });
    const install = (name: string, version = "1.0.0", registryUrl = url) =>
        run(process.execPath, [main, "install-package", name, version, target], {
            env: { NODE_OPTIONS: undefined, NPM_REGISTRY: registryUrl, TMPDIR: folder, HOME: folder },
        });

    const failure = async (...args: Parameters<typeof install>): Promise<string> => {
        const { code, stderr } = await install(...args);
        return `${code} ${stderr.trim()}`;
    };

    test("is installed with its dependencies and can be started, and no script of it runs", async () => {
        await publish("needed", { main: "server.js" });
        await publish("@scope/server", {
            bin: { other: "./server.js" },
            dependencies: { needed: "^1.0.0" },
            scripts: { install: `touch ${join(folder, "script-ran")}` },
        });
        const result = await install("@scope/server");
        expect([result.code, result.stderr]).toEqual([0, ""]);
        expect((await check(process.execPath, [join(target, "entry")], plain)).stdout).toBe("started\n");
        expect(readdirSync(join(target, "node_modules"))).toContain("needed");
        expect(readdirSync(folder)).not.toContain("script-ran");
        expect((await install("@scope/server")).code).toBe(0);
    });

    test("that cannot be used says why", async () => {
        await publish("plain", {});
        await publish("several", { bin: { a: "server.js", b: "server.js" } });
        await publish("python", { bin: "server.js" }, "#!/usr/bin/env python3\n");
        expect(await failure("plain")).toContain("1 install-package: plain has no program to start: it provides none");
        expect(await failure("several")).toContain("it provides a, b, none of them named like the package");
        expect(await failure("python")).toContain("only programs for Node can be run from a package");
        expect(await failure("plain", "9.9.9")).toContain("the registry has no version 9.9.9 of plain");
        expect(await failure("absent")).toContain("the registry has no package absent");
    });
});

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { builtTools } from "../../embedded/cluster/build.ts";
import { silent } from "../../embedded/common/progress.ts";
import { run } from "../../embedded/common/process.ts";
import type { BuiltImage } from "../../embedded/images/index.ts";
import { ownImages } from "../../embedded/images/own.ts";
import { isLoopback, pushImage, repositoryOf, type PushOptions } from "../../embedded/images/push.ts";
import { imageSpec, imageTool, make, openImage, removeFolders, temporaryFolder } from "./support.ts";

const tool = await imageTool();
const tools = tool ? await builtTools(["registry"]) : undefined;
if (tool && !tools) console.warn("skipped: the registry is not built; npm start builds it");
const withRegistry = tools ? describe : describe.skip;

interface Seen {
    readonly method: string;
    readonly url: string;
}

/** The real registry, with users, behind a proxy that remembers what it was asked. */
class TestRegistry {
    readonly seen: Seen[] = [];
    readonly proxy: Server;
    child: ChildProcess | undefined;
    backend = 0;

    constructor() {
        this.proxy = createServer((incoming, answer) => {
            this.seen.push({ method: incoming.method ?? "", url: incoming.url ?? "" });
            const forwarded = request(
                { host: "127.0.0.1", port: this.backend, method: incoming.method, path: incoming.url, headers: incoming.headers },
                (response) => {
                    answer.writeHead(response.statusCode ?? 502, response.headers);
                    response.pipe(answer);
                },
            );
            forwarded.on("error", () => answer.writeHead(502).end());
            incoming.pipe(forwarded);
        });
    }

    /** Begins to listen; the registry behind it is started by {@link start}. */
    async listen(): Promise<string> {
        this.proxy.listen(0, "127.0.0.1");
        await once(this.proxy, "listening");
        return `127.0.0.1:${(this.proxy.address() as AddressInfo).port}`;
    }

    async start(binary: string): Promise<void> {
        const folder = await temporaryFolder();
        await mkdir(join(folder, "data"));
        await writeFile(join(folder, "htpasswd"), `push:${hashSync("s3cret", 4)}\n`);
        const [config] = ownImages.registry.layer.text;
        await writeFile(join(folder, "config.yml"), config?.content ?? "");
        const probe = createServer().listen(0, "127.0.0.1");
        await once(probe, "listening");
        this.backend = (probe.address() as AddressInfo).port;
        probe.close();
        this.child = spawn(binary, ["serve", join(folder, "config.yml")], {
            stdio: ["ignore", "ignore", "ignore"],
            env: {
                REGISTRY_HTTP_ADDR: `127.0.0.1:${this.backend}`,
                REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: join(folder, "data"),
                REGISTRY_AUTH: "htpasswd",
                REGISTRY_AUTH_HTPASSWD_REALM: "test",
                REGISTRY_AUTH_HTPASSWD_PATH: join(folder, "htpasswd"),
                OTEL_TRACES_EXPORTER: "none",
            },
        });
    }

    async stop(): Promise<void> {
        this.proxy.closeAllConnections();
        this.proxy.close();
        if (!this.child) return;
        this.child.kill("SIGKILL");
        await once(this.child, "exit");
    }

    uploads(): number {
        return this.seen.filter(({ method, url }) => method === "POST" && url.includes("/blobs/uploads/")).length;
    }
}

withRegistry("a push", () => {
    const registry = new TestRegistry();
    let address = "";
    let image: BuiltImage;

    beforeAll(async () => {
        address = await registry.listen();
        const spec = imageSpec(
            [
                { comment: "a", text: [{ path: "/a", content: "a" }] },
                { comment: "b", text: [{ path: "/b", content: "b".repeat(100_000) }] },
            ],
            { ref: "registry.local/test/image:1.2" },
        );
        const { archive, stdout } = await make(tool ?? "", spec);
        image = { name: "pause", ref: spec.ref, archive, digest: stdout.trim() };
    });
    afterAll(async () => {
        await registry.stop();
        await removeFolders();
    });

    const push = (more: Partial<PushOptions> = {}): Promise<string> =>
        pushImage({ image, registry: address, credentials: { username: "push", password: "s3cret" }, progress: silent, ...more });

    test("waits for a registry that is not up yet, and then sends everything", async () => {
        const pushed = push();
        setTimeout(() => void registry.start(join(tools?.registry ?? "", "registry")), 500);
        expect(await pushed).toBe(image.digest);
        expect(registry.uploads()).toBe(3);
        const answer = await fetch(`http://${address}/v2/test/image/manifests/1.2`, {
            headers: { authorization: `Basic ${btoa("push:s3cret")}`, accept: "application/vnd.oci.image.manifest.v1+json" },
        });
        expect([answer.status, answer.headers.get("docker-content-digest"), await answer.json()]).toEqual([
            200,
            image.digest,
            (await openImage(image.archive)).manifest,
        ]);
    });

    test("sends nothing twice", async () => {
        const before = registry.uploads();
        expect(await push()).toBe(image.digest);
        expect(registry.uploads()).toBe(before);
    });

    test("names the user whose password is wrong, and never the password", async () => {
        const failure = String(await push({ credentials: { username: "push", password: "gu3ss" } }).catch((error: unknown) => error));
        expect(failure).toMatch(
            /^UserError: .*test\/image:1\.2 could not be pushed: the registry does not accept the user "push" with this password\.$/,
        );
        expect(failure).not.toContain("gu3ss");
    });

    test("asks for a user when none was given", async () => {
        await expect(push({ credentials: undefined })).rejects.toThrow(/the registry wants a user: give --username and --password-stdin/);
    });

    test("gives up when nothing answers", async () => {
        await expect(push({ registry: "127.0.0.1:1", patience: 0.5 })).rejects.toThrow(
            /^Nothing was pushed to 127\.0\.0\.1:1: it does not answer \([^)]+\), tried for 0\.5 s\./,
        );
    });

    test("ends at once when what answers is no registry", async () => {
        const other = createServer((_, answer) => answer.writeHead(404).end()).listen(0, "127.0.0.1");
        await once(other, "listening");
        const where = `127.0.0.1:${(other.address() as AddressInfo).port}`;
        await expect(push({ registry: where })).rejects.toThrow(
            `Nothing was pushed to ${where}: what answers there is no image registry (status 404 for /v2/).`,
        );
        other.close();
    });

    test("can be interrupted while it waits", async () => {
        await expect(push({ registry: "127.0.0.1:1", signal: AbortSignal.timeout(200) })).rejects.toThrow(
            /Waiting for the registry at 127\.0\.0\.1:1 was interrupted\. Nothing was pushed/,
        );
    });

    test("without TLS is refused by the tool for hosts that are not this machine", async () => {
        const result = await run(tool ?? "", ["push", image.archive, "registry.example/ab:1", "--username", "u", "--insecure"], {
            stdin: "p\n",
        });
        expect([result.code, result.stderr]).toEqual([1, expect.stringMatching(/would send the password in clear to registry\.example/)]);
    });
});

describe("a registry's address", () => {
    test.each([
        ["127.0.0.1:32000", true],
        ["localhost:5000", true],
        ["[::1]:5000", true],
        ["localhost.example:5000", false],
        ["127.0.0.1.example", false],
        ["10.0.0.1:5000", false],
    ])("%s is on this machine: %s", (address, expected) => {
        expect(isLoopback(address)).toBe(expected);
    });

    test("is cut off a reference", () => {
        expect(repositoryOf("registry.local/examples/everything:2026.8.31")).toBe("examples/everything:2026.8.31");
    });
});

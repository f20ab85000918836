import { spawn } from "node:child_process";
import { createServer, type AddressInfo, type Server } from "node:net";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { checkOptions, checkPorts, requiredPackages } from "../../embedded/cluster/checks.ts";
import { checkMachine } from "../../embedded/cluster/index.ts";
import { imagesInArchive } from "../../embedded/cluster/images.ts";
import { tryLock } from "../../embedded/cluster/lock.ts";
import { chooseLogs } from "../../embedded/cluster/logs.ts";
import { routeKey } from "../../embedded/cluster/network.ts";
import type { ClusterOptions } from "../../embedded/cluster/options.ts";
import { holderOf, isFree, listeningInodes } from "../../embedded/cluster/ports.ts";
import { identityOf, isAlive, parseStat, waitUntil, withEnvironment } from "../../embedded/cluster/processes.ts";
import { mountPointsBelow } from "../../embedded/cluster/stop.ts";

const folder = mkdtempSync(join(tmpdir(), "machine-"));
afterAll(() => rmSync(folder, { recursive: true }));

const options = (change: Partial<ClusterOptions> = {}): ClusterOptions => ({
    stateDir: folder,
    nodes: 1,
    apiPort: 6443,
    publish: [],
    mirrors: {},
    images: [],
    tools: { kubernetes: folder, etcd: folder, containerd: folder, runc: folder, cni: folder, "node-init": folder },
    ...change,
});

const row = (address: string, state: string, inode: number): string =>
    `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1`;

describe("a program that is missing", () => {
    it.each([
        [["nft"], ["nftables"]],
        [
            ["mount", "umount", "ip"],
            ["iproute2", "mount"],
        ],
        [[], []],
    ])("is asked for as a package, each once: %j", async (missing, packages) => {
        expect((await requiredPackages((program) => missing.some((each) => each === program))).toSorted()).toEqual(packages);
    });
});

describe("a port", () => {
    let server: Server;
    let port = 0;
    beforeEach(async () => {
        server = createServer();
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        port = (server.address() as AddressInfo).port;
    });
    afterEach(() => new Promise<void>((resolve) => void server.close(() => resolve())));

    it("that is occupied is refused with its holder and the option to change", async () => {
        expect(await isFree(port)).toBe(false);
        expect(holderOf(port)).toMatch(new RegExp(`\\(process ${process.pid}\\)$`));
        const asked = options({ publish: [{ host: port, node: 30080, option: "the setting httpPort" }], apiPort: await freePort() });
        await expect(checkPorts(asked, "nodes", new Set())).rejects.toThrow(
            new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is occupied by .*${process.pid}.*the setting httpPort`),
        );
    });

    it("that is occupied is refused before anything is built, and no folder is made", async () => {
        const stateDir = join(folder, "not/yet/there");
        const { nodes, publish } = options();
        await expect(checkMachine({ stateDir, nodes, publish, apiPort: port, apiPortOption: "the setting apiPort" })).rejects.toThrow(
            new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is occupied by .*the setting apiPort`),
        );
        await expect(checkMachine({ stateDir, nodes, publish, apiPort: await freePort() })).resolves.toBeUndefined();
        expect(existsSync(join(folder, "not"))).toBe(false);
    });

    it("that the running cluster itself holds is fine", async () => {
        await expect(checkPorts(options({ apiPort: port }), "nodes", new Set([port]))).resolves.toBeUndefined();
    });

    it("is found among listeners only, by its whole number", () => {
        const table = [
            "  sl  local_address …",
            row("0100007F:192B", "0A", 71),
            row("0100007F:192B", "01", 72),
            row("00000000:0192", "0A", 73),
        ].join("\n");
        expect(listeningInodes(table, 0x192b)).toEqual(["71"]);
    });
});

async function freePort(): Promise<number> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    return port;
}

describe("options that make no sense are refused by name", () => {
    it.each([
        ["a cluster without nodes", { nodes: 0 }, /1 to 9 nodes; found 0/],
        ["ten nodes", { nodes: 10 }, /found 10/],
        ["a port out of range", { apiPort: 70_000, apiPortOption: "the setting apiPort" }, /70000 is not a port.*the setting apiPort/],
        ["a port asked for twice", { publish: [{ host: 6443, node: 1 }] }, /6443 is asked for twice/],
        ["a tool that is not built", { tools: { ...options().tools, etcd: "/nowhere" } }, /etcd is not built/],
    ])("%s", (_, change, text) => {
        expect(() => checkOptions(options(change))).toThrow(text);
    });

    it("and good ones pass", () => expect(() => checkOptions(options({ nodes: 9 }))).not.toThrow());
});

describe("a process", () => {
    it("is read whatever its name contains", () => {
        fc.assert(
            fc.property(fc.string(), fc.integer({ min: 1 }), (name, start) => {
                const rest = `S 42 ${Array.from({ length: 17 }, () => 0).join(" ")} ${start} 0`;
                expect(parseStat(`7 (${name}) ${rest}`)).toEqual({ state: "S", parent: 42, startTime: String(start) });
            }),
        );
    });

    it("is not taken for an earlier one with its number, nor for one before a reboot", () => {
        const self = identityOf(process.pid);
        if (!self) throw new Error("/proc does not know this process");
        expect(isAlive(self)).toBe(true);
        expect(isAlive({ ...self, startTime: String(Number(self.startTime) - 1) })).toBe(false);
        expect(isAlive({ ...self, bootId: "another" })).toBe(false);
        expect(isAlive(undefined)).toBe(false);
    });

    it("is dead once it ended, also while nobody has reaped it", async () => {
        // The shell's child ends and stays a zombie: the program the shell became does not reap.
        const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 5"], { stdio: ["ignore", "pipe", "ignore"] });
        const pid = await new Promise<number>((resolve) => parent.stdout.once("data", (text: Buffer) => resolve(Number(text))));
        const child = identityOf(pid);
        expect(isAlive(child)).toBe(true);
        expect(await waitUntil(() => !isAlive(child), 3000)).toBe(true);
        parent.kill("SIGKILL");
    });

    it("is found by the mark in its environment", async () => {
        const mark = `test-${process.pid}`;
        const child = spawn("sleep", ["5"], { env: { MARK: mark, OTHER: "1" } });
        expect(await waitUntil(() => withEnvironment("MARK", mark).includes(child.pid ?? 0), 2000)).toBe(true);
        expect(withEnvironment("MARK", mark.slice(0, -1))).toEqual([]);
        child.kill("SIGKILL");
    });
});

describe("a lock", () => {
    it("is held by one at a time", async () => {
        const first = await tryLock(`test/${process.pid}`);
        expect(first).toBeDefined();
        expect(await tryLock(`test/${process.pid}`)).toBeUndefined();
        first?.release();
        expect(await waitUntil(() => true, 1)).toBe(true);
        const second = await tryLock(`test/${process.pid}`);
        expect(second).toBeDefined();
        second?.release();
    });

    it("ends with its holder, however that ends", async () => {
        const name = `test-dead/${process.pid}`;
        const module = join(import.meta.dirname, "../../embedded/cluster/lock.ts");
        const holder = spawn(
            process.execPath,
            [
                "-e",
                `import(${JSON.stringify(module)}).then(m => m.tryLock(${JSON.stringify(name)})).then(() => console.log("held")); setTimeout(() => {}, 20000)`,
            ],
            {
                stdio: ["ignore", "pipe", "ignore"],
                env: { PATH: process.env["PATH"] },
            },
        );
        await new Promise((resolve) => holder.stdout.once("data", resolve));
        expect(await tryLock(name)).toBeUndefined();
        holder.kill("SIGKILL");
        await new Promise((resolve) => holder.once("exit", resolve));
        const lock = await tryLock(name);
        expect(lock).toBeDefined();
        lock?.release();
    });
});

describe("the kernel's routing table", () => {
    it("is compared in the kernel's own notation", () => {
        expect(routeKey("10.244.1.0/24")).toBe("0001F40A/00FFFFFF");
        fc.assert(
            fc.property(
                fc.integer({ min: 0, max: 32 }),
                fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 255 }))),
                (bits, address) => {
                    const mask = parseInt(routeKey(`${address.join(".")}/${bits}`).split("/")[1] ?? "", 16);
                    const bytes = [0, 8, 16, 24].map((shift) => (mask >>> shift) & 255);
                    expect(bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("")).toBe("1".repeat(bits) + "0".repeat(32 - bits));
                },
            ),
        );
    });
});

const tar = (members: readonly (readonly [string, string])[]): Buffer =>
    Buffer.concat([
        ...members.flatMap(([name, content]) => {
            const header = Buffer.alloc(512);
            header.write(name);
            header.write(content.length.toString(8).padStart(11, "0"), 124);
            return [header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)];
        }),
        Buffer.alloc(1024),
    ]);

describe("an image archive", () => {
    it("names its images without being read as a whole, wherever its index is", () => {
        const index = JSON.stringify({ manifests: [{ digest: "sha256:1", annotations: { "io.containerd.image.name": "localhost/a:1" } }] });
        const path = join(folder, "image.tar");
        for (const members of [
            [
                ["blobs/x", "y".repeat(1000)],
                ["index.json", index],
            ],
            [
                ["./index.json", index],
                ["blobs/x", ""],
            ],
        ] as const) {
            writeFileSync(path, tar(members));
            expect(imagesInArchive(path)).toEqual([{ name: "localhost/a:1", digest: "sha256:1" }]);
        }
    });

    it("without an index is refused", () => {
        writeFileSync(join(folder, "other.tar"), tar([["manifest.json", "[]"]]));
        expect(() => imagesInArchive(join(folder, "other.tar"))).toThrow(/other\.tar is not an OCI archive/);
    });
});

describe("logs", () => {
    const files = ["supervisor", "hub/etcd", "hub/audit", "node-1/kubelet", "node-2/kubelet"].map((name) => ({ name, path: name }));
    it.each([
        ["hub/etcd", ["hub/etcd"]],
        ["kubelet", ["node-1/kubelet", "node-2/kubelet"]],
        ["node-2", ["node-2/kubelet"]],
        [undefined, ["supervisor", "hub/etcd", "node-1/kubelet", "node-2/kubelet"]],
    ])("of %s are chosen", (wanted, names) => {
        expect(chooseLogs(files, wanted).map((file) => file.name)).toEqual(names);
    });

    it("that do not exist are refused with those that do", () =>
        expect(() => chooseLogs(files, "etc")).toThrow(/no log of "etc".*hub\/etcd/));
});

const line = (path: string): string => `1 2 0:1 / ${path} rw - tmpfs tmpfs rw`;

describe("mounts in the cluster's folder", () => {
    it("are undone from the deepest up, and others' are left alone", () => {
        const text = [line("/"), line("/s/cluster"), line("/s/cluster/a"), line("/s/cluster/a/b\\040c"), line("/s/cluster2/a")].join("\n");
        expect(mountPointsBelow(text, "/s/cluster")).toEqual(["/s/cluster/a/b c", "/s/cluster/a"]);
    });
});

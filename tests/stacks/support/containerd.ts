/** The real containerd of the embedded cluster's build, with folders of its own, and a plain double of a registry. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../../embedded/common/process.ts";

/** A containerd that runs. */
export interface Containerd {
    /** Runs `ctr` against it; answers with both of its outputs. */
    ctr(...args: string[]): Promise<string>;
    stop(): Promise<void>;
}

/** Starts containerd with a configuration; everything it keeps is below `folder`. */
export async function startContainerd(bin: string, folder: string, config: string): Promise<Containerd> {
    const [file, socket] = [join(folder, "config.toml"), join(folder, "containerd.sock")];
    await mkdir(folder, { recursive: true });
    const own = `root = ${JSON.stringify(join(folder, "root"))}\nstate = ${JSON.stringify(join(folder, "state"))}\n`;
    await writeFile(
        file,
        config.replace(/^version = \d\n/, (version) => version + own) + `\n[grpc]\naddress = ${JSON.stringify(socket)}\n`,
    );
    const child = spawn(join(bin, "containerd"), ["--config", file], { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    child.stderr.on("data", (data: Buffer) => (log += data.toString()));
    const ended = once(child, "close");
    const begun = Date.now();
    while (!log.includes("successfully booted")) {
        if (child.exitCode !== null || Date.now() - begun > 30_000) {
            child.kill("SIGKILL");
            throw new Error(`containerd did not start: ${log}`);
        }
        await sleep(20);
    }
    return {
        async ctr(...args) {
            const { stdout, stderr } = await run(join(bin, "ctr"), ["--address", socket, ...args]);
            return stdout + stderr;
        },
        async stop() {
            child.kill("SIGTERM");
            await ended;
        },
    };
}

/** A double of a registry: it has nothing, and remembers what it was asked for. */
export interface RegistryDouble {
    readonly port: number;
    readonly asked: string[];
    close(): Promise<void>;
}

export async function registryDouble(tls?: { readonly key: string; readonly cert: string }): Promise<RegistryDouble> {
    const asked: string[] = [];
    const answer: RequestListener = (request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.writeHead(404, { "content-type": "application/json" }).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"none"}]}');
    };
    const server: Server = tls ? createTlsServer(tls, answer) : createServer(answer);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
        port: (server.address() as AddressInfo).port,
        asked,
        async close() {
            server.closeAllConnections();
            server.close();
            await once(server, "close");
        },
    };
}

/** Writes files of a node below a folder that stands for its root. */
export async function writeFiles(files: Readonly<Record<string, string>>, root: string): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), text);
    }
}

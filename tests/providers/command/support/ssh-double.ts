/**
 * A double of an SSH server: ssh2's own, which runs commands as this user in a folder of its own. It stands in for sshd
 * where there is none, and can be slow or refuse what sshd never does.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2, { type Session } from "ssh2";
import { newKey } from "../../../support/sshd.ts";

export interface DoubleOptions {
    /** The variables that it passes on. */
    readonly accepts?: readonly string[];
    /** Waited for before a session is opened. */
    readonly beforeSession?: () => Promise<void>;
    /** Runs commands in the process group that it is in itself. */
    readonly sharesGroup?: boolean;
    /** Runs a command, but is gone before it says so. */
    readonly goesAway?: boolean;
}

export interface SshDouble {
    readonly home: string;
    readonly connection: { host: string; port: number; user: string; privateKey: string; hostKey: string };
    stop(): Promise<void>;
}

function serve(
    session: Session,
    home: string,
    { accepts = [], sharesGroup = false }: DoubleOptions,
    goAway: (() => void) | undefined,
): void {
    const environment: Record<string, string> = {};
    session.on("env", (accept, reject, { key, val }) => {
        if (accepts.includes(key)) environment[key] = val;
        (accepts.includes(key) ? accept : reject)?.();
    });
    session.on("exec", (accept, _reject, { command }) => {
        if (goAway) {
            spawn("/bin/bash", ["-c", command], { cwd: home, stdio: "ignore" }).on("close", goAway);
            return;
        }
        const channel = accept();
        const child = spawn("/bin/bash", ["-c", command], {
            cwd: home,
            env: { PATH: process.env["PATH"], HOME: home, ...environment },
            detached: !sharesGroup,
        });
        channel.pipe(child.stdin);
        child.stdin.on("error", () => {}); // it need not read its input
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.on("close", (code, signal) => {
            if (signal) channel.exit(signal.slice(3));
            else channel.exit(code ?? 255);
            channel.end();
        });
    });
}

export async function startSshDouble(options: DoubleOptions = {}): Promise<SshDouble> {
    const home = await mkdtemp(join(tmpdir(), "ssh-double-"));
    const host = newKey();
    const key = newKey();
    const allowed = Buffer.from(key.publicKeyOpenssh.split(" ")[1] ?? "", "base64");
    const clients = new Set<{ end(): unknown }>();
    const server = new ssh2.Server({ hostKeys: [host.privateKeyOpenssh] }, (client) => {
        clients.add(client);
        client.on("error", () => {}); // a client that goes away
        client.on("authentication", (context) => {
            if (context.method === "publickey" && context.key.data.equals(allowed)) context.accept();
            else context.reject(["publickey"]);
        });
        client.on("session", async (accept) => {
            await options.beforeSession?.();
            serve(accept(), home, options, options.goesAway ? () => client.end() : undefined);
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const stop = async () => {
        for (const client of clients) client.end();
        await new Promise<void>((resolve) => server.close(() => resolve()));
        await rm(home, { recursive: true });
    };
    const connection = {
        host: "127.0.0.1",
        port,
        user: "double",
        privateKey: key.privateKeyOpenssh,
        hostKey: host.publicKeyOpenssh.trim(),
    };
    return { home, connection, stop };
}

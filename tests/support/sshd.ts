/**
 * A real sshd on the loopback address, with keys, users and configuration of its own. An installed one is used where there
 * is one; otherwise Debian's package is unpacked, not installed, into the cache. It runs in namespaces of its own, so that
 * nothing outside of them changes and nothing of it outlives a test. That needs root.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cacheRoot } from "../../embedded/common/paths.ts";
import { check, run } from "../../embedded/common/process.ts";
import { opensshKey, type OpensshKey } from "../../embedded/providers/tls/openssh.ts";
import { freePorts } from "./ports.ts";

const PACKAGE = "openssh-server";
const INSTALLED = "/usr/sbin/sshd";

interface Program {
    readonly path: string;
    /** Where it was unpacked. */
    readonly folder?: string;
    /** Where libraries are that are not installed. */
    readonly libraries?: string | undefined;
}

/** The libraries that a package needs and that are not installed. */
async function missingLibraries(description: string): Promise<string[]> {
    const depends = /^Depends: (.+)$/m.exec(description)?.[1] ?? "";
    const libraries = [...depends.matchAll(/(?:^|, )(lib[\w.+-]+)/g)].map(([, name]) => name ?? "");
    const { stdout } = await run("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n", ...libraries]);
    return libraries.filter((name) => !stdout.includes(`${name} installed\n`));
}

/** What apt knows of the package; a machine that has just been made knows nothing before it has asked. */
async function described(): Promise<string> {
    const show = ["show", "--no-all-versions", PACKAGE];
    const known = await run("apt-cache", show);
    if (known.code === 0 && known.stdout) return known.stdout;
    await check("apt-get", ["update"]);
    return (await check("apt-cache", show)).stdout;
}

async function unpacked(): Promise<Program> {
    const description = await described();
    const version = /^Version: (.+)$/m.exec(description)?.[1] ?? "unknown";
    const folder = join(cacheRoot(), "tests", `sshd-${version.replaceAll(/[^\w.+-]/g, "_")}`);
    if (!existsSync(folder)) {
        await mkdir(join(cacheRoot(), "tests"), { recursive: true });
        const fresh = await mkdtemp(`${folder}.`);
        await check("apt-get", ["download", PACKAGE, ...(await missingLibraries(description))], { cwd: fresh });
        const archives = (await readdir(fresh)).filter((name) => name.endsWith(".deb"));
        for (const archive of archives) await check("dpkg-deb", ["-x", archive, "."], { cwd: fresh });
        // Another test may have been quicker.
        await rename(fresh, folder).catch(() => rm(fresh, { recursive: true }));
    }
    const found = await readdir(join(folder, "usr/lib"));
    const triplet = found.find((name) => name.includes("-linux-"));
    return { path: join(folder, INSTALLED), folder, libraries: triplet && join(folder, "usr/lib", triplet) };
}

/** `describe` where an sshd can be run, otherwise a skipped block with the reason printed. */
export async function describeWithSshd(): Promise<typeof describe> {
    const missing = await sshdMissing();
    if (missing === undefined) return describe;
    console.warn(`skipped: ${missing}`);
    return describe.skip as typeof describe;
}

async function sshdMissing(): Promise<string | undefined> {
    if (process.getuid?.() !== 0) return "an sshd with users of its own needs root";
    if ((await run("unshare", ["--mount", "--pid", "--fork", "true"])).code !== 0) return "namespaces cannot be made here";
    if (existsSync(INSTALLED)) return undefined;
    return await unpacked().then(
        () => undefined,
        (error: Error) => `there is no sshd, and the package openssh-server cannot be downloaded: ${error.message}`,
    );
}

export const newKey = (): OpensshKey => opensshKey(generateKeyPairSync("ed25519").privateKey);

export interface SshdOptions {
    /** Further lines of `sshd_config`, before the usual ones. */
    readonly config?: readonly string[];
    /** The user's login shell. Default `/bin/bash`. */
    readonly shell?: string;
    readonly hostKey?: OpensshKey;
    /** The key that lets in. Default: a new one. */
    readonly authorized?: OpensshKey;
    /** Default: a free one. */
    readonly port?: number;
}

export interface Sshd {
    readonly port: number;
    readonly user: string;
    readonly privateKey: string;
    /** The host's public key as a line of `authorized_keys`. */
    readonly hostKey: string;
    /** Its folder `small` is a file system of 64 KiB. */
    readonly home: string;
    /** A `connection` that works. */
    readonly connection: { host: string; port: number; user: string; privateKey: string; hostKey: string };
    /** Starts an agent that holds the key; its socket. It ends with the server. */
    agent(): Promise<string>;
    /** What sshd has logged. */
    log(): string;
    stop(): Promise<void>;
}

export const PASSWORD = "an-unlikely-password";

/** Sets up the namespaces: users, a home, a small file system, sshd's folder; then becomes sshd. */
const SETUP = `set -eu
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/shadow" /etc/shadow
mount -t tmpfs tmpfs /run
mkdir /run/sshd
mount -t tmpfs -o size=64k tmpfs "$1/home/small"
shift
exec "$@"
`;

/** Since OpenSSH 9.8 sshd starts programs beside it, which are not where it expects them when it was unpacked. */
function helpers({ folder }: Program): string[] {
    if (folder === undefined) return [];
    const names = { SshdSessionPath: "sshd-session", SshdAuthPath: "sshd-auth" };
    return Object.entries(names).flatMap(([option, name]) => {
        const path = join(folder, "usr/lib/openssh", name);
        return existsSync(path) ? [`${option} ${path}`] : [];
    });
}

/** Starts an sshd that lets root in, with a key or {@link PASSWORD}, and has a new home folder. Resolves when it listens. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
    const program = existsSync(INSTALLED) ? { path: INSTALLED } : await unpacked();
    const folder = await mkdtemp(join(tmpdir(), "sshd-"));
    const home = join(folder, "home");
    await mkdir(join(home, "small"), { recursive: true });
    const host = options.hostKey ?? newKey();
    const key = options.authorized ?? newKey();
    const port = options.port ?? (await freePorts(1))[0] ?? 0;
    const user = "root";
    const file = async (name: string, text: string) => {
        await writeFile(join(folder, name), text, { mode: 0o600 });
        return join(folder, name);
    };
    const config = await file(
        "sshd_config",
        [
            ...(options.config ?? []),
            `ListenAddress 127.0.0.1:${port}`,
            `HostKey ${await file("host_key", host.privateKeyOpenssh)}`,
            `AuthorizedKeysFile ${await file("authorized_keys", key.publicKeyOpenssh)}`,
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "KbdInteractiveAuthentication no",
            "MaxStartups 100:30:200",
            "LogLevel VERBOSE",
            "Subsystem sftp internal-sftp",
            ...helpers(program),
            "",
        ].join("\n"),
    );
    const { stdout: password } = await check("openssl", ["passwd", "-6", "-stdin"], { stdin: `${PASSWORD}\n` });
    await file("passwd", `root:x:0:0::${home}:${options.shell ?? "/bin/bash"}\nsshd:x:64999:65534::/run/sshd:/usr/sbin/nologin\n`);
    await file("shadow", `root:${password.trim()}:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n`);
    const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const sshd = [program.path, "-D", "-e", "-f", config];
    // It ends with this process, however that ends.
    const child = spawn(
        "setpriv",
        ["--pdeathsig", "KILL", "unshare", ...namespaces, "/bin/sh", await file("setup", SETUP), folder, ...sshd],
        {
            stdio: ["ignore", "ignore", "pipe"],
            env: { ...process.env, ...(program.libraries === undefined ? {} : { LD_LIBRARY_PATH: program.libraries }) },
        },
    );
    let log = "";
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const agents: ChildProcess[] = [];
    const agent = async () => {
        const socket = join(folder, "agent");
        agents.push(spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" }));
        while (!existsSync(socket)) await delay(10);
        await check("ssh-add", ["-q", "-"], { stdin: key.privateKeyOpenssh, env: { SSH_AUTH_SOCK: socket } });
        return socket;
    };
    const stop = async () => {
        for (const process of agents) process.kill();
        child.kill("SIGKILL");
        await ended;
        await rm(folder, { recursive: true, force: true });
    };
    await new Promise<void>((resolve, reject) => {
        child.stderr.on("data", (chunk: Buffer) => {
            log += chunk.toString();
            if (log.includes("Server listening on")) resolve();
        });
        child.once("error", reject);
        child.once("close", () => reject(new Error(`sshd ended:\n${log}`)));
    });
    const hostKey = host.publicKeyOpenssh.trim();
    const connection = { host: "127.0.0.1", port, user, privateKey: key.privateKeyOpenssh, hostKey };
    return { port, user, privateKey: key.privateKeyOpenssh, hostKey, home, connection, agent, log: () => log, stop };
}

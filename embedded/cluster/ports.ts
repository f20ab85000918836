/** Whether the ports on this machine's loopback address are free, and who holds one that is not. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { allPids } from "./processes.ts";

export function isFree(port: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
        const server = createServer();
        server.on("error", (error: NodeJS.ErrnoException) => {
            if (error.code === "EADDRINUSE") resolve(false);
            else reject(error);
        });
        server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
    });
}

/** The socket inodes that listen on a port, from the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): string[] {
    const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
    return table
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[1]?.endsWith(wanted) && fields[3] === "0A")
        .map((fields) => fields[9] ?? "");
}

/** The process that listens on a port, as `name (process id)`; undefined when /proc does not tell this user. */
export function holderOf(port: number): string | undefined {
    const tables = ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readOr(path, ""));
    const links = new Set(tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`));
    if (!links.size) return undefined;
    for (const pid of allPids()) {
        try {
            const descriptors = readdirSync(`/proc/${pid}/fd`);
            if (descriptors.some((fd) => links.has(linkOr(`/proc/${pid}/fd/${fd}`))))
                return `${readOr(`/proc/${pid}/comm`, "a process").trim()} (process ${pid})`;
        } catch {
            continue; // another user's, or gone
        }
    }
    return undefined;
}

function readOr(path: string, otherwise: string): string {
    try {
        return readFileSync(path, "utf8");
    } catch {
        return otherwise;
    }
}

function linkOr(path: string): string {
    try {
        return readlinkSync(path);
    } catch {
        return "";
    }
}

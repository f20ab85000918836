/** Locks that end with the process that holds them: a name in the abstract socket namespace, never a file that stays behind. */
import { createServer, type Server } from "node:net";

export interface Lock {
    release(): void;
}

function listen(name: string): Promise<Server | undefined> {
    return new Promise((resolve, reject) => {
        const server = createServer((socket) => socket.destroy());
        server.unref();
        server.on("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(undefined) : reject(error)));
        server.listen({ path: `\0mcp-platform/${name}` }, () => resolve(server));
    });
}

/** Takes a lock, or answers undefined when another process has it. */
export async function tryLock(name: string): Promise<Lock | undefined> {
    const server = await listen(name);
    return server && { release: () => void server.close() };
}

/** Takes a lock, waiting for it; `onWait` is called once if that takes a moment. */
export async function takeLock(name: string, onWait: () => void = () => {}, signal?: AbortSignal): Promise<Lock> {
    for (let tries = 0; ; tries++) {
        const lock = await tryLock(name);
        if (lock) return lock;
        if (tries === 5) onWait();
        signal?.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

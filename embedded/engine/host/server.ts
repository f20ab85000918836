/** The gRPC server that the program talks to, on a socket that only this user can open. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials, status, type handleUnaryCall, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { messageOf } from "../../common/errors.ts";

/** As large as the SDK accepts. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;
/** Options of every channel; proxies are for the internet, not for processes of this machine. */
export const messageLimits = {
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    "grpc.enable_channelz": 0,
    "grpc.enable_http_proxy": 0,
};
/** Socket addresses end at 107 characters. */
const LONGEST_FOLDER = 80;

const PREFIX = "mcp-engine-";

export interface RunningServer {
    readonly server: Server;
    /** What `--monitor` and `--engine` are given. */
    readonly address: string;
    close(): Promise<void>;
}

/**
 * Starts a server with the services that `add` adds. A socket rather than a port: nobody else on the machine can
 * connect, and proxy settings of the environment do not apply.
 */
export async function startServer(add: (server: Server) => void, temporary: string = temporaryFolder()): Promise<RunningServer> {
    await sweep(temporary);
    const folder = await mkdtemp(join(temporary, `${PREFIX}${process.pid}-`));
    const server = new Server(messageLimits);
    add(server);
    const address = `unix:${join(folder, "s")}`;
    await new Promise<void>((resolve, reject) => {
        server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
    });
    return {
        server,
        address,
        async close() {
            server.forceShutdown();
            await rm(folder, { recursive: true, force: true });
        },
    };
}

function temporaryFolder(): string {
    return tmpdir().length > LONGEST_FOLDER ? "/tmp" : tmpdir();
}

/** Removes the folders of engines that were killed. */
async function sweep(temporary: string): Promise<void> {
    for (const name of await readdir(temporary)) {
        const pid = /^mcp-engine-(\d+)-\w{6}$/.exec(name)?.[1];
        if (pid && !isRunning(Number(pid))) await rm(join(temporary, name), { recursive: true, force: true }).catch(() => {}); // another user's
    }
}

function isRunning(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return error instanceof Error && "code" in error && error.code === "EPERM";
    }
}

/** Makes a gRPC handler of an async function; what it throws becomes the call's error. */
export function unary<Request, Response>(handle: (request: Request) => Promise<Response> | Response): handleUnaryCall<Request, Response> {
    return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => {
        void (async () => {
            try {
                callback(null, await handle(call.request));
            } catch (error) {
                const code = error instanceof Error && "code" in error && typeof error.code === "number" ? error.code : status.UNKNOWN;
                callback({ code, details: messageOf(error) });
            }
        })();
    };
}

/** The error that tells the SDK that the engine is going away: it ends the program quietly. */
export function interrupted(): Error {
    return Object.assign(new Error("interrupted"), { code: status.UNAVAILABLE });
}

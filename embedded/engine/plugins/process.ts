/** The process of a plugin: the first line it prints is the port it serves on, everything else is shown. */
import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { credentials, status, type ServiceError } from "@grpc/grpc-js";
import grpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { UserError } from "../../common/errors.ts";
import { eachLine } from "../../common/lines.ts";
import { messageLimits } from "../host/server.ts";
import { OutcomeUnknown } from "../provider.ts";
import { codeOf } from "./messages.ts";

export type Client = InstanceType<typeof grpc.ResourceProviderClient>;
/** Sends one request; the second argument takes the answer. */
export type Send<Response> = (client: Client, done: (error: ServiceError | null, response: Response) => void) => unknown;

export interface PluginProcess {
    /** Asks the plugin something. Rejects with {@link OutcomeUnknown} when it ended before it answered. */
    ask<Response>(send: Send<Response>): Promise<Response>;
    /** Ends the process. */
    close(): Promise<void>;
}

export interface PluginOptions {
    /** The package's name. */
    readonly name: string;
    readonly executable: string;
    /** Where the engine listens to the plugin's messages. */
    readonly engineAddress: string;
    /** The program's folder, to which relative paths in its inputs refer. */
    readonly cwd: string;
    /** Each line the plugin prints beside its port. */
    readonly onLine: (line: string, stream: "stdout" | "stderr") => void;
}

/** How long a plugin may take until it says its port, and to end by itself. Milliseconds. */
const START_MS = 60_000;
const END_MS = 2_000;
/** What is shown of a line that should have been a port. */
const SHOWN_CHARACTERS = 200;

/** Starts a plugin and waits until it serves; throws {@link UserError} when it does not come to that. */
export async function startPlugin(options: PluginOptions): Promise<PluginProcess> {
    const { name, executable } = options;
    const { PULUMI_CONFIG_PASSPHRASE: _, ...environment } = process.env;
    const child = spawn(executable, [options.engineAddress], {
        cwd: options.cwd,
        env: environment,
        stdio: ["ignore", "pipe", "pipe"],
        // Ctrl-C is for the engine, which tells the plugin; and what a plugin that is a script starts ends with it.
        detached: true,
    });
    const endGroup = (signal: NodeJS.Signals): void => {
        try {
            if (child.pid !== undefined) process.kill(-child.pid, signal);
        } catch {
            // it has ended already
        }
    };
    const endNow = (): void => endGroup("SIGKILL");
    process.once("exit", endNow);
    let failure: Error | undefined;
    const ended = new Promise<string>((resolve) => {
        child.on("error", (error) => {
            failure = error;
            resolve(`could not be started: ${error.message}`);
        });
        child.on("close", (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code ?? "?"}`));
    });
    void ended.then(() => process.off("exit", endNow));
    const last: string[] = [];
    const tell = (line: string, stream: "stdout" | "stderr"): void => {
        last.splice(0, Math.max(0, last.length - 4));
        last.push(line);
        options.onLine(line, stream);
    };
    eachLine(child.stderr, (line) => tell(line, "stderr"));
    let first: ((line: string) => void) | undefined;
    const port = new Promise<string>((resolve) => (first = resolve));
    eachLine(child.stdout, (line) => {
        if (!first) return tell(line, "stdout");
        first(line);
        first = undefined;
    });

    const close = async (): Promise<void> => {
        if (failure) return;
        endGroup("SIGTERM");
        const timer = setTimeout(endNow, END_MS);
        await ended;
        clearTimeout(timer);
        endNow(); // what is left of the group
    };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(
            () => reject(new UserError(`The plugin ${executable} has not said its port for ${START_MS / 1000} s.`)),
            START_MS,
        );
    });
    const gone = ended.then((how): never => {
        const shown = last.length ? `; it printed last:\n${last.map((line) => `  ${line}`).join("\n")}` : "";
        throw new UserError(`The plugin ${executable} of the package "${name}" ${how} before it said its port${shown}`);
    });
    let line: string;
    try {
        line = (await Promise.race([port, late, gone])).trim();
        if (!/^\d{1,5}$/.test(line)) {
            const shown = JSON.stringify(line.slice(0, SHOWN_CHARACTERS));
            throw new UserError(
                `The plugin ${executable} of the package "${name}" printed ${shown} where the port belongs that it serves on: it is no Pulumi plugin, or it prints too early.`,
            );
        }
    } catch (error) {
        await close();
        throw error;
    } finally {
        clearTimeout(timer);
        gone.catch(() => {}); // what matters of it has been thrown
    }
    const client = new grpc.ResourceProviderClient(`127.0.0.1:${line}`, credentials.createInsecure(), messageLimits);
    return {
        async ask(send) {
            try {
                return await new Promise((resolve, reject) => {
                    send(client, (error, response) => (error ? reject(error) : resolve(response)));
                });
            } catch (error) {
                throw isLost(error) ? new OutcomeUnknown(`the plugin of the package "${name}" ${await endOf(ended)}`) : error;
            }
        },
        async close() {
            client.close();
            await close();
        },
    };
}

function isLost(error: unknown): boolean {
    const code = codeOf(error);
    return code === status.UNAVAILABLE || code === status.CANCELLED;
}

/** How a process ended whose connection is lost: that is known a moment later. */
async function endOf(ended: Promise<string>): Promise<string> {
    const waited = new AbortController();
    const silent = delay(END_MS, "does not answer any more", { signal: waited.signal, ref: false });
    silent.catch(() => {}); // not waited for to its end
    try {
        return await Promise.race([ended, silent]);
    } finally {
        waited.abort();
    }
}

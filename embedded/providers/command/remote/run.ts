/** Runs a command on a host and follows it to its end. */
import { setTimeout as delay } from "node:timers/promises";
import type { Client, ClientChannel } from "ssh2";
import { LEAVE_OUT, sendable, type Run } from "../lifecycle.ts";
import type { Output } from "../output.ts";
import { Settling } from "../settling.ts";
import { reasonOf, type Watch } from "../watch.ts";
import { nameOf, type Connection } from "./connection.ts";
import type { Lane, Pool } from "./pool.ts";
import { prelude, ReportReader, type Prelude, type Report } from "./prelude.ts";
import { stopGroup } from "./stop.ts";

/** sshd ends a connection over a packet of 256 KiB. */
const LONGEST_PREVIOUS = 64 * 1024;
/** How long to wait for the number of the process group when a command is to be ended. Milliseconds. */
const REPORT_PATIENCE = 3_000;

function asGroup(report: Report | undefined): string {
    return report?.group === undefined ? "" : ` as process group ${report.group}`;
}

class RemoteCommand {
    readonly #channel: ClientChannel;
    readonly #host: string;
    readonly #settling = new Settling({ idleMs: 3_000, longestMs: 30_000, mostBytes: 4 * 1024 * 1024 });
    readonly #reported: Promise<Report | undefined>;
    #report: Report | undefined;
    #exit: { readonly code: number | null; readonly signal: string | undefined } | undefined;

    constructor(channel: ClientChannel, host: string, mark: string, output: Output) {
        this.#channel = channel;
        this.#host = host;
        const { promise, resolve } = Promise.withResolvers<Report | undefined>();
        this.#reported = promise;
        const errors = new ReportReader(
            mark,
            (chunk) => output.write("stderr", chunk),
            (report) => resolve((this.#report = report)),
        );
        channel.on("data", (chunk: Buffer) => {
            this.#settling.saw(chunk.length);
            output.write("stdout", chunk);
        });
        channel.stderr.on("data", (chunk: Buffer) => {
            this.#settling.saw(chunk.length);
            errors.write(chunk);
        });
        channel.on("exit", (code: number | null, signal?: string) => {
            this.#exit = { code, signal };
            this.#settling.exited();
        });
        channel.on("close", () => {
            errors.end();
            resolve(undefined);
            this.#settling.closed();
        });
        channel.on("error", () => {}); // a command that does not read its input is not an error
    }

    /** Sends the input and waits for the end, which is `cut` when the signal was aborted before. */
    async end(stdin: string, signal: AbortSignal): Promise<"closed" | "held" | "cut"> {
        if (stdin) this.#channel.end(Buffer.from(stdin));
        else this.#channel.end();
        return await this.#settling.settled(signal);
    }

    get report(): Report | undefined {
        return this.#report;
    }

    async reported(): Promise<Report | undefined> {
        return this.#report ?? (await Promise.race([this.#reported, delay(REPORT_PATIENCE, undefined, { ref: false })]));
    }

    close(): void {
        this.#channel.close();
    }

    async failure(lane: Lane): Promise<string | undefined> {
        const exit = this.#exit;
        if (exit?.code === 0) return undefined;
        if (exit)
            return exit.signal === undefined ? `exit status ${exit.code} on ${this.#host}` : `killed by ${exit.signal} on ${this.#host}`;
        if (!lane.closed) return `ended without an exit status on ${this.#host}`;
        return `the connection to ${this.#host} was lost while the command ran (${await lane.lost}); it may still be running there${asGroup(this.#report)}`;
    }
}

/**
 * Starts a command. All that it says may arrive at once with the answer, so that there is no moment to listen later.
 * @param sending called when the session is open and the command goes out: from then on it may run
 */
function start(before: Prelude, env: Readonly<Record<string, string>>, host: string, output: Output) {
    return (client: Client, sending: () => void): Promise<RemoteCommand> =>
        new Promise((resolve, reject) => {
            const options = {
                // Looked at once the session is open, and only then.
                get env() {
                    sending();
                    return env;
                },
            };
            client.exec(before.line, options, (error, channel) => {
                if (!error) resolve(new RemoteCommand(channel, host, before.mark, output));
                else if (error.message === "Unable to exec")
                    reject(new Error(`${host} refused to run the command, or the connection was lost as it was sent and it may run`));
                else reject(error);
            });
        });
}

async function cut(command: RemoteCommand, pool: Pool, connection: Connection, watch: Watch): Promise<string> {
    const host = nameOf(connection);
    const reason = reasonOf(watch.signal);
    watch.status(`${reason}: ending the command on ${host}`);
    const report = await command.reported();
    const group = report?.group;
    const problem = group === undefined ? "the host did not say which processes belong to it" : await stopGroup(pool, connection, group);
    command.close();
    if (problem === undefined) return `${reason}; the command and what it had started on ${host} were ended`;
    return `${reason}; the command could not be ended on ${host}: ${problem}. It may still be running there${asGroup(report)}`;
}

/** Runs jobs on the host of a connection. */
export function remoteRun(pool: Pool, connection: Connection): Run {
    const host = nameOf(connection);
    return async (job, output, watch) => {
        const previous = sendable(job.previous, LONGEST_PREVIOUS, watch);
        const before = prelude(job.script, job.environment, previous);
        return await pool.session(
            connection,
            watch,
            start(before, { ...job.environment, ...previous }, host, output),
            async (command, lane) => {
                watch.status(`running on ${host}`);
                const how = await command.end(job.stdin, watch.signal);
                if (how === "cut") return await cut(command, pool, connection, watch);
                if (how === "held") {
                    watch.log(
                        "warning",
                        "A process that the command left behind keeps its output open; it was not waited for. Redirect it: >/dev/null 2>&1",
                    );
                    command.close();
                }
                const refused = command.report?.refused ?? [];
                const missing = refused.filter((name) => name in job.environment);
                const failure = await command.failure(lane);
                if (missing.length)
                    return (
                        `environment: sshd on ${host} does not pass on ${missing.join(", ")}, so the command was not run. ` +
                        `Name them in AcceptEnv of its sshd_config, or send the values on stdin`
                    );
                for (const name of refused.filter((each) => !(each in job.environment)))
                    watch.log("warning", `sshd on ${host} does not pass on ${name} (AcceptEnv). ${LEAVE_OUT}`);
                return failure;
            },
        );
    };
}

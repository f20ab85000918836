import type { Client } from "ssh2";
import { messageOf } from "../../../common/errors.ts";
import { unlessCut } from "../watch.ts";
import type { Connection } from "./connection.ts";
import type { Pool } from "./pool.ts";

/** How long ending a command may take altogether, with a new connection if need be. Milliseconds. */
const PATIENCE = 30_000;

/**
 * Ends the process group `$1`: first politely, then for certain. Processes that have ended but were not collected by
 * their parent do not count, and those of other users do: hence the look into /proc, where there is one.
 */
const STOP = `
if [ -r /proc/self/stat ]; then
    alive() { cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/.*) \\([^ZX]\\) [0-9]* '"$1"' .*/\\1/p' | grep -q .; }
else
    alive() { kill -s 0 -- "-$1" 2>/dev/null; }
fi
for signal in TERM KILL; do
    kill -s "$signal" -- "-$1" 2>/dev/null
    tries=0
    while alive "$1" && [ "$tries" -lt 25 ]; do
        sleep 0.2 2>/dev/null || sleep 1
        tries=$((tries + 1))
    done
    alive "$1" || break
done
if alive "$1"; then echo alive; else echo gone; fi
`;

/** Runs {@link STOP}; its answer is there once the session ends. */
function execute(client: Client, group: number): Promise<{ readonly answer: Promise<string> }> {
    return new Promise((resolve, reject) => {
        client.exec(`/bin/sh -s ${group}`, (error, channel) => {
            if (error) {
                reject(error);
                return;
            }
            let text = "";
            channel.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
            channel.on("error", () => {}); // what is missing from the answer says enough
            channel.stderr.resume();
            channel.end(STOP);
            resolve({ answer: new Promise((answered) => channel.once("close", () => answered(text.trim()))) });
        });
    });
}

/**
 * Ends a process group on a host over a session of its own.
 * @returns undefined when nothing of it is left, else why something may be
 */
export async function stopGroup(pool: Pool, connection: Connection, group: number): Promise<string | undefined> {
    const signal = AbortSignal.timeout(PATIENCE);
    const watch = { signal, status: () => {}, log: () => {} };
    try {
        const answer = await pool.session(
            connection,
            watch,
            (client) => execute(client, group),
            ({ answer: words }) => unlessCut(signal, words),
        );
        if (answer === "gone") return undefined;
        return answer === "alive" ? "it did not end when it was killed" : `ending it was answered with "${answer.slice(0, 200)}"`;
    } catch (error) {
        return signal.aborted ? "the host does not answer" : messageOf(error);
    }
}

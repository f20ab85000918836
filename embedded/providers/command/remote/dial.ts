/** Dials a host until it answers, as often as its `dialErrorLimit` allows, through its bastion if it has one. */
import { setTimeout as delay } from "node:timers/promises";
import type { Client, ClientChannel } from "ssh2";
import { messageOf } from "../../../common/errors.ts";
import { reasonOf, unlessCut, type Watch } from "../watch.ts";
import { connectOnce, Hopeless } from "./client.ts";
import { nameOf, type Endpoint } from "./connection.ts";

/** An attempt that takes longer is said. */
const SILENT_MS = 1_500;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** A stream from the bastion to the host's SSH port. The bastion answers only when the host does. */
async function forward(bastion: Client, { host, port, perDialTimeout }: Endpoint, signal: AbortSignal): Promise<ClientChannel> {
    const stream = new Promise<ClientChannel>((resolve, reject) => {
        bastion.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
            if (error) reject(new Error(`the bastion cannot reach it: ${error.message.replace("(SSH) Channel open failure: ", "")}`));
            else resolve(channel);
        });
    });
    const patience = perDialTimeout > 0 ? AbortSignal.timeout(perDialTimeout * 1000) : undefined;
    try {
        return await unlessCut(patience ? AbortSignal.any([signal, patience]) : signal, stream);
    } catch (error) {
        stream.then((late) => late.close()).catch(() => {}); // nobody waits for it any more
        if (patience?.aborted && !signal.aborted) throw new Error(`no answer to the bastion within ${perDialTimeout} s`, { cause: error });
        throw error;
    }
}

async function attemptOf(endpoint: Endpoint, bastion: Client | undefined, attempt: string, watch: Watch): Promise<Client> {
    const saying = setTimeout(() => watch.status(`connecting to ${nameOf(endpoint)}, ${attempt}`), SILENT_MS);
    try {
        const stream = bastion && (await forward(bastion, endpoint, watch.signal));
        return await connectOnce(endpoint, stream, watch.signal, (remark) => watch.log("warning", `${nameOf(endpoint)}: ${remark}.`));
    } finally {
        clearTimeout(saying);
    }
}

/**
 * Dials until it works. Another attempt follows after 0.1 s, then after ever longer pauses up to 5 s.
 * @param bastion answers a connection to the bastion, dialed anew when it was lost
 * @throws after `dialErrorLimit` further attempts, at once when another attempt cannot help, or when the watch's signal is aborted
 */
export async function dial(endpoint: Endpoint, bastion: (() => Promise<Client>) | undefined, watch: Watch): Promise<Client> {
    const { dialErrorLimit: limit } = endpoint;
    const attempts = limit < 0 ? "" : ` of ${limit + 1}`;
    let pause = FIRST_PAUSE_MS;
    for (let attempt = 1; ; attempt++) {
        // The bastion has attempts of its own; when they are used up, further ones from here would only multiply them.
        const through = await bastion?.();
        try {
            return await attemptOf(endpoint, through, `attempt ${attempt}${attempts}`, watch);
        } catch (error) {
            const problem = messageOf(error);
            if (watch.signal.aborted)
                throw new Error(`${reasonOf(watch.signal)} while waiting for ssh on ${nameOf(endpoint)}`, { cause: error });
            if (error instanceof Hopeless) throw error;
            if (limit >= 0 && attempt > limit) {
                const times = attempt === 1 ? "" : ` (after ${attempt} attempts)`;
                throw new Error(`no ssh connection to ${nameOf(endpoint)}: ${problem}${times}`, { cause: error });
            }
            watch.status(`waiting for ssh on ${endpoint.host}:${endpoint.port}, attempt ${attempt + 1}${attempts}: ${problem}`);
            await delay(pause, undefined, { signal: watch.signal }).catch(() => {}); // the next attempt sees the abort
            pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS);
        }
    }
}

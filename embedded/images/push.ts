/** Pushes an image from the cache to a registry. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, UserError } from "../common/errors.ts";
import { run } from "../common/process.ts";
import { during, type Progress } from "../common/progress.ts";
import { buildTools } from "../cluster/build.ts";
import type { BuiltImage } from "./index.ts";

export interface PushOptions {
    readonly image: BuiltImage;
    /** The registry's host and port. On this machine it is spoken to in plain HTTP, elsewhere always with TLS. */
    readonly registry: string;
    /** Repository and tag in the registry. Default: those of the image's reference. */
    readonly repository?: string | undefined;
    readonly credentials?: { readonly username: string; readonly password: string } | undefined;
    readonly progress: Progress;
    readonly signal?: AbortSignal | undefined;
    /** How long to wait for the registry to answer, in seconds. Default: 60. */
    readonly patience?: number;
}

/** Repository and tag of a full reference: what follows the host. */
export const repositoryOf = (ref: string): string => ref.slice(ref.indexOf("/") + 1);

/** Whether a host and port are on this machine, where no TLS is needed. */
export function isLoopback(registry: string): boolean {
    const host = registry.replace(/:\d+$/, "");
    return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Pushes the image; what the registry has already is not sent again.
 * @returns the digest under which it can be pulled
 * @throws UserError when nothing answers, the answer is not a registry's, or the registry refuses
 */
export async function pushImage(options: PushOptions): Promise<string> {
    const { image, registry, credentials, progress, signal } = options;
    const target = `${registry}/${options.repository ?? repositoryOf(image.ref)}`;
    const insecure = isLoopback(registry);
    const { mkimage } = await buildTools(["mkimage"], progress, signal);
    await waitForRegistry(`${insecure ? "http" : "https"}://${registry}/v2/`, registry, options);
    return during(progress, `pushing ${target}`, 3, async (step) => {
        const args = [
            "push",
            image.archive,
            target,
            ...(insecure ? ["--insecure"] : []),
            ...(credentials ? ["--username", credentials.username] : []),
        ];
        const onLine = (line: string): void => {
            const [, sent, total] = /^sent (\d+) (\d+)$/.exec(line) ?? [];
            if (sent && total) step.note(`${mebibytes(sent)} of ${mebibytes(total)} MiB`);
        };
        const result = await run(join(mkimage, "mkimage"), args, {
            onLine,
            ...(credentials ? { stdin: `${credentials.password}\n` } : {}),
            ...(signal ? { signal } : {}),
        }).catch((error: unknown) => {
            throw signal?.aborted
                ? new UserError(`The push of ${target} was interrupted. Push it again; what was sent is not sent twice.`)
                : error;
        });
        const digest = result.stdout.trim();
        if (result.code === 0 && digest) return digest;
        const said = result.stderr
            .split("\n")
            .filter((line) => line && !line.startsWith("sent "))
            .join(" ");
        throw new UserError(
            `${target} could not be pushed: ${explain(said, credentials?.username) || `mkimage ended with ${result.signal ?? `status ${result.code}`}`}`,
        );
    });
}

const mebibytes = (bytes: string): number => Math.round(Number(bytes) / 2 ** 20);

function explain(said: string, username: string | undefined): string {
    if (/UNAUTHORIZED|401|authentication required/i.test(said)) {
        return username
            ? `the registry does not accept the user "${username}" with this password.`
            : "the registry wants a user: give --username and --password-stdin.";
    }
    if (/DENIED|403/i.test(said)) return `the registry does not let ${username ? `the user "${username}"` : "anonymous users"} push.`;
    if (/507|no space left|INSUFFICIENT/i.test(said)) return "the registry's disk is full.";
    return said.replace(/^mkimage: /, "");
}

async function waitForRegistry(url: string, registry: string, { progress, signal, patience = 60 }: PushOptions): Promise<void> {
    const until = Date.now() + patience * 1000;
    let step: ReturnType<Progress["step"]> | undefined;
    for (let first = true; ; first = false) {
        const answer = await ask(url, signal);
        if (answer === 200 || answer === 401) return step?.done();
        if (signal?.aborted) {
            step?.fail();
            throw new UserError(`Waiting for the registry at ${registry} was interrupted. Nothing was pushed.`);
        }
        // While a gateway or the registry itself comes up, it answers with 502 and the like; 404 is another kind of server.
        if (answer === 404 || Date.now() >= until) {
            step?.fail();
            const what =
                typeof answer === "number"
                    ? `what answers there is no image registry (status ${answer} for /v2/)`
                    : `it does not answer (${answer})`;
            throw new UserError(
                `Nothing was pushed to ${registry}: ${what}${answer === 404 ? "" : `, tried for ${patience} s`}. Check the host and the port, and that the registry runs.`,
            );
        }
        if (first) step = progress.step(`waiting for the registry at ${registry}`, 5);
        step?.note(String(answer));
        await sleep(300, undefined, { signal }).catch(() => {});
    }
}

/** The status with which a registry answers, or why there is no answer. */
async function ask(url: string, signal?: AbortSignal): Promise<number | string> {
    const timeout = AbortSignal.timeout(3000);
    try {
        const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout, redirect: "manual" });
        await response.body?.cancel();
        return response.status;
    } catch (error) {
        const { cause } = error as { cause?: unknown }; // fetch hides the reason there
        return messageOf(cause ?? error) || "no connection";
    }
}

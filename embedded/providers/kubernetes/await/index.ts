/** Waiting until an object is what it is meant to be: rules per kind, driven by watches, explained while it lasts. */
import { messageOf } from "../../../common/errors.ts";
import type { Cluster } from "../cluster.ts";
import type { Objects } from "../follow.ts";
import { parseApiVersion, type GroupVersionKind } from "../kinds.ts";
import { describeObject, kindOf, type Manifest } from "../manifest.ts";
import { explainFully, logLines, troubles, type PodTrouble } from "./explain.ts";
import { ruleOf } from "./rules.ts";
import { type RelatedKind, type Rule, type Verdict } from "./verdict.ts";

export interface AwaitOptions {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    status(text: string): void;
}

export interface Awaited {
    /** The object as it was seen last. */
    readonly object: Manifest;
    /** Why it is not ready; absent when it is. */
    readonly problem?: readonly string[];
}

/** After so long an explanation is looked for. Milliseconds. */
const EXPLAIN_AFTER_MS = 1000;

/**
 * Waits until an object is ready. Never rejects for what happens while waiting: the object is there, whatever becomes of it.
 * @throws UserError for a `pulumi.com/waitFor` that cannot be read
 */
export async function awaitReady(cluster: Cluster, applied: Manifest, options: AwaitOptions): Promise<Awaited> {
    const rule = ruleOf(applied);
    if (!rule) return { object: applied };
    const related = Object.entries(rule.related?.(applied) ?? {});
    if (!related.length && rule.judge(applied, {}).state === "ready") return { object: applied };
    const waiting = new Waiting(cluster, applied, rule, related, options);
    const end = await waiting.end();
    if (end === undefined) return { object: waiting.object };
    const explanation = rule.pods && end.explain ? await explainFully(cluster, waiting.object, waiting.pods) : [];
    return { object: waiting.object, problem: [`${describeObject(applied)} ${end.text}`, ...explanation] };
}

interface End {
    readonly text: string;
    readonly explain: boolean;
}

class Waiting {
    object: Manifest;
    pods: readonly Manifest[] = [];
    readonly #cluster: Cluster;
    readonly #rule: Rule;
    readonly #options: AwaitOptions;
    readonly #stop = new AbortController();
    readonly #related: Record<string, readonly Manifest[]> = {};
    readonly #missing: Set<string>;
    readonly #end = Promise.withResolvers<End | undefined>();
    #text = " to become ready";
    #trouble = "";
    #lost: string | undefined;
    #settled: NodeJS.Timeout | undefined;
    #crash = "";

    constructor(
        cluster: Cluster,
        applied: Manifest,
        rule: Rule,
        related: readonly (readonly [string, RelatedKind])[],
        options: AwaitOptions,
    ) {
        this.#cluster = cluster;
        this.object = applied;
        this.#rule = rule;
        this.#options = options;
        this.#missing = new Set(related.map(([name]) => name));
        const lost = (reason: string | undefined): void => this.#lose(reason);
        this.#watch("", kindOf(applied), (path) =>
            cluster.watches.followObject({ path, object: applied, alone: applied.kind === "Secret" }, this.#stop.signal, {
                changed: (live) => this.#see(live),
                lost,
            }),
        );
        for (const [name, { apiVersion, kind }] of related) {
            this.#watch(`${name}: `, { ...parseApiVersion(apiVersion), kind }, (path) =>
                cluster.watches.follow({ path }, this.#stop.signal, {
                    changed: (objects) => {
                        this.#related[name] = [...objects.values()];
                        this.#missing.delete(name);
                        this.#judge();
                    },
                    lost,
                }),
            );
        }
        // What was written says already what is missing, and the server may take a while to answer.
        if (!related.length) this.#judge();
    }

    /** How the waiting ended: undefined when the object is ready. */
    async end(): Promise<End | undefined> {
        const { timeoutMs, signal } = this.#options;
        const finish = (text: string, explain: boolean): void => this.#end.resolve({ text: `${text} while waiting${this.#text}`, explain });
        const interrupted = (): void => finish("is not ready: the run was interrupted", false);
        const timeout = setTimeout(() => finish(`is not ready: timed out after ${Math.round(timeoutMs / 1000)} s`, true), timeoutMs);
        const explain = setTimeout(() => this.#explain(), EXPLAIN_AFTER_MS);
        signal.addEventListener("abort", interrupted, { once: true });
        if (signal.aborted) interrupted();
        try {
            return await this.#end.promise;
        } finally {
            clearTimeout(timeout);
            clearTimeout(explain);
            clearTimeout(this.#settled);
            signal.removeEventListener("abort", interrupted);
            this.#stop.abort();
        }
    }

    #watch(what: string, kind: GroupVersionKind, follow: (path: string) => Promise<void>): void {
        const run = async (): Promise<void> => {
            const resource = await this.#cluster.find(kind, this.#stop.signal);
            await follow(resource.path(this.object.metadata.namespace, ""));
        };
        run().catch((error: unknown) => {
            if (this.#stop.signal.aborted) return;
            this.#end.resolve({ text: `cannot be waited for: ${what}${messageOf(error)}`, explain: false });
        });
    }

    #lose(reason: string | undefined): void {
        if (this.#lost === reason) return;
        this.#lost = reason;
        this.#show();
    }

    #see(live: Manifest | undefined): void {
        if (!live || live.metadata.uid !== this.object.metadata.uid) {
            this.#end.resolve({ text: `was deleted while waiting${this.#text}`, explain: false });
            return;
        }
        this.object = live;
        this.#judge();
    }

    #judge(): void {
        if (this.#missing.size) return;
        let verdict: Verdict;
        try {
            verdict = this.#rule.judge(this.object, this.#related);
        } catch (error) {
            this.#end.resolve({ text: messageOf(error), explain: false });
            return;
        }
        clearTimeout(this.#settled);
        if (verdict.state === "ready") return this.#end.resolve(undefined);
        if (verdict.state === "failed") return this.#end.resolve({ text: `is not ready: ${verdict.text}`, explain: true });
        if (verdict.state === "settling") this.#settled = setTimeout(() => this.#end.resolve(undefined), verdict.ms);
        this.#text = /^(for|to) /.test(verdict.text) ? ` ${verdict.text}` : `: ${verdict.text}`;
        this.#show();
    }

    #show(): void {
        const trouble = this.#lost ?? this.#trouble;
        this.#options.status(`waiting${this.#text}${trouble ? `; ${trouble}` : ""}`);
    }

    /** Begins to look at the pods, because it takes longer than it should. */
    #explain(): void {
        const isMine = this.#rule.pods?.(this.object);
        if (!isMine) return;
        const path = `/api/v1/namespaces/${this.object.metadata.namespace ?? ""}/pods`;
        const changed = (pods: Objects): void => this.#seePods([...pods.values()].filter(isMine));
        // It explains only: without the right to see pods the object itself is still waited for.
        this.#cluster.watches.follow({ path }, this.#stop.signal, { changed }).catch(() => {});
    }

    #seePods(pods: readonly Manifest[]): void {
        this.pods = pods;
        const [trouble] = troubles(pods);
        this.#trouble = trouble ? `pod ${trouble.pod.metadata.name ?? ""}: ${trouble.text}` : "";
        this.#show();
        if (!trouble?.log || this.#crash === this.#trouble) return;
        void this.#showLog(trouble);
    }

    /** Adds the last line of the log of a container that crashed, once per crash. */
    async #showLog(trouble: PodTrouble): Promise<void> {
        const crash = (this.#crash = this.#trouble);
        const last = (await logLines(this.#cluster, trouble, this.#stop.signal)).at(-1);
        if (!last || this.#trouble !== crash || this.#stop.signal.aborted) return;
        this.#trouble = this.#crash = `${crash}; last log line: ${last}`;
        this.#show();
    }
}

/** Policy packs (`@pulumi/policy`): each is a process of its own that is asked about every resource before its step. */
import type { PolicyLoadEvent, PolicyRemediationEvent, PolicyViolationEvent, Severity } from "../events.ts";
import { configure, readConfigFile, type GivenConfigs } from "./config.ts";
import type { PolicyGate, PolicyRemediation, PolicySubject, PolicyVerdict } from "./gate.ts";
import type { StackFacts } from "./messages.ts";
import { Pack } from "./pack.ts";
import { readPackFolder, type PackFolder } from "./pack-file.ts";
import { startPack } from "./pack-process.ts";
import { STACK_TYPE } from "../urn.ts";

/** A pack as the command line names it. */
export interface PackSource {
    readonly path: string;
    /** The file that sets its policies. */
    readonly config?: string | undefined;
}

export interface OpenPoliciesOptions {
    readonly packs: readonly PackSource[];
    /** What relative paths are relative to. */
    readonly cwd: string;
    readonly facts: Omit<StackFacts, "tags">;
    readonly signal: AbortSignal;
    /** Told about each pack that is ready. */
    readonly onLoad: (event: PolicyLoadEvent) => void;
    /** Told what the packs print. */
    readonly onLine: (severity: Severity, line: string) => void;
    /** Told what is waited for when it takes long. */
    readonly onWait: (text: string) => void;
}

/** From this time on a pack that is not ready is mentioned, and then in these intervals. Milliseconds. */
const WAIT_MS = 2_000;

interface ReadPack {
    readonly folder: PackFolder;
    readonly file: string | undefined;
    readonly given: GivenConfigs;
}

/** Reads what can be read of packs before they are started. @throws UserError that names the folder or file at fault */
export async function readPacks(packs: readonly PackSource[], cwd: string): Promise<ReadPack[]> {
    return await Promise.all(
        packs.map(async ({ path, config }) => ({
            folder: await readPackFolder(path, cwd),
            file: config,
            given: config === undefined ? {} : await readConfigFile(config, cwd),
        })),
    );
}

/**
 * Starts and configures packs, side by side.
 * @throws UserError that names the pack, file, policy or property at fault, or the signal's reason; nothing is left running then
 */
export async function openPolicies(options: OpenPoliciesOptions): Promise<PolicyGate> {
    const { cwd, signal } = options;
    const sources = await readPacks(options.packs, cwd);
    const facts: StackFacts = {
        ...options.facts,
        tags: { "pulumi:project": options.facts.project, "pulumi:runtime": "nodejs" },
    };
    const started = await Promise.allSettled(
        sources.map(async ({ folder, file, given }) => {
            const begun = Date.now();
            const timer = setInterval(
                () => options.onWait(`Waiting for the policy pack ${folder.given} to start (${Math.round((Date.now() - begun) / 1000)} s)`),
                WAIT_MS,
            );
            let name = folder.given;
            try {
                const process = await startPack(folder, {
                    settings: settingsOf(facts),
                    signal,
                    onLine: (line, stream) => options.onLine(stream === "stdout" ? "info" : "info#err", `${name}: ${line}`),
                });
                try {
                    const pack = await Pack.connect(folder, process, facts);
                    name = pack.name;
                    await pack.configure(configure(pack.name, pack.policies, pack.initialConfig, given, file));
                    return pack;
                } catch (error) {
                    await process.stop();
                    throw error;
                }
            } finally {
                clearInterval(timer);
            }
        }),
    );
    const packs = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failed = started.find((result) => result.status === "rejected");
    if (failed) {
        await Promise.all(packs.map((pack) => pack.close()));
        throw failed.reason;
    }
    for (const pack of packs) options.onLoad({ type: "policy-load", pack: pack.name, packVersion: pack.version, path: pack.folder.given });
    return new Gate(packs, signal);
}

/** As the official engine sets the environment of packs. */
function settingsOf({ project, stack, organization, preview, config, configSecretKeys }: StackFacts): Record<string, string> {
    const names = { ORGANIZATION: organization, PROJECT: project, STACK: stack, DRY_RUN: String(preview) };
    return {
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(configSecretKeys),
        ...Object.fromEntries(
            Object.entries(names).flatMap(([key, value]) => [
                [`PULUMI_${key}`, value],
                [`PULUMI_NODEJS_${key}`, value],
            ]),
        ),
    };
}

class Gate implements PolicyGate {
    readonly #packs: readonly Pack[];
    readonly #signal: AbortSignal;
    readonly #stop = (): void => {
        for (const pack of this.#packs) {
            pack.cancel();
            // No new step begins: there is nothing more to ask, and a rule that hangs must not hold up the end.
            void pack.close();
        }
    };

    constructor(packs: readonly Pack[], signal: AbortSignal) {
        this.#packs = packs;
        this.#signal = signal;
        signal.addEventListener("abort", this.#stop, { once: true });
        if (signal.aborted) this.#stop();
    }

    async remediate(subject: PolicySubject): Promise<PolicyRemediation> {
        let { state } = subject;
        const changes: PolicyRemediationEvent[] = [];
        const violations: PolicyViolationEvent[] = [];
        for (const pack of this.#packs) {
            const answer = await pack.remediate({ ...subject, state });
            changes.push(...answer.changes);
            violations.push(...answer.violations);
            if (answer.changes.length) state = { ...state, inputs: answer.inputs };
        }
        return { inputs: state.inputs, changes, violations };
    }

    async analyze(subject: PolicySubject): Promise<PolicyVerdict> {
        return verdict(await Promise.all(this.#packs.map((pack) => pack.analyze(subject))));
    }

    async analyzeStack(subjects: readonly PolicySubject[]): Promise<PolicyVerdict> {
        const root = subjects.find(({ state }) => state.type === STACK_TYPE)?.state.urn;
        return verdict(await Promise.all(this.#packs.map((pack) => pack.analyzeStack(subjects, root))));
    }

    async close(): Promise<void> {
        this.#signal.removeEventListener("abort", this.#stop);
        await Promise.all(this.#packs.map((pack) => pack.close()));
    }
}

function verdict(lists: readonly (readonly PolicyViolationEvent[])[]): PolicyVerdict {
    const violations = lists.flat();
    return { violations, refused: violations.some(({ enforcementLevel }) => enforcementLevel === "mandatory") };
}

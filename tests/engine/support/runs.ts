/** Runs of small programs through the engine, with what they did. */
import { join } from "node:path";
import type { EngineEvent } from "../../../embedded/engine/events.ts";
import {
    emptySnapshot,
    update,
    type EngineRun,
    type OperationResult,
    type ProviderTable,
    type ResourceState,
    type Snapshot,
} from "../../../embedded/engine/index.ts";

export interface RunSetup {
    /** File in `../programs`. */
    readonly program: string;
    readonly providers: ProviderTable;
    readonly snapshot?: Snapshot;
    /** What the program is told to do: it reads the setting `test:steer` as JSON. */
    readonly steer?: unknown;
    readonly config?: Readonly<Record<string, string>>;
    readonly secretKeys?: readonly string[];
    readonly parallel?: number;
    readonly signal?: AbortSignal;
    readonly persist?: (snapshot: Snapshot) => Promise<void>;
    readonly continueOnError?: boolean;
    /** Hears of each event as it happens. */
    readonly onEvent?: (event: EngineEvent) => void;
    /** What `Pulumi.yaml` says beside the program. */
    readonly project?: Partial<EngineRun["project"]>;
}

export interface Ran extends OperationResult {
    readonly events: readonly EngineEvent[];
    /** Every state that was handed out to be stored. */
    readonly stored: readonly Snapshot[];
    readonly diagnostics: readonly string[];
}

export async function runProgram(setup: RunSetup, operation: (run: EngineRun) => Promise<OperationResult> = update): Promise<Ran> {
    const events: EngineEvent[] = [];
    const stored: Snapshot[] = [];
    const result = await operation({
        project: {
            name: "test",
            root: join(import.meta.dirname, "../programs"),
            main: setup.program,
            runtimeOptions: { typescript: false },
            ...setup.project,
        },
        stack: "unit",
        organization: "organization",
        config: { ...(setup.steer === undefined ? {} : { "test:steer": JSON.stringify(setup.steer) }), ...setup.config },
        configSecretKeys: setup.secretKeys ?? [],
        snapshot: setup.snapshot ?? emptySnapshot,
        providers: setup.providers,
        parallel: setup.parallel ?? 16,
        signal: setup.signal ?? new AbortController().signal,
        events: (event) => {
            events.push(event);
            setup.onEvent?.(event);
        },
        continueOnError: setup.continueOnError ?? false,
        persist: async (snapshot) => {
            stored.push(snapshot);
            await setup.persist?.(snapshot);
        },
    });
    const diagnostics = events.flatMap((event) => (event.type === "diagnostic" ? [`${event.severity}: ${event.message}`] : []));
    return { ...result, events, stored, diagnostics };
}

/** Steps in the order in which they were done, `create Thing a`, without those that changed nothing. */
export function steps(ran: Ran): string[] {
    return ran.events.flatMap((event) =>
        event.type === "resource-outputs" && event.metadata.op !== "same"
            ? [`${event.metadata.op} ${event.metadata.urn.slice(event.metadata.urn.lastIndexOf("::") + 2)}`]
            : [],
    );
}

export function find(snapshot: Snapshot, name: string): ResourceState {
    const found = snapshot.resources.find(({ urn, delete: doomed }) => urn.endsWith(`::${name}`) && !doomed);
    if (!found) throw new Error(`no resource ${name} in the state`);
    return found;
}

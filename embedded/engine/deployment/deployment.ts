/**
 * One run of the engine: what was there, what has been asked for, and what is being done about it. The files of this
 * folder each do one part of it: `register` resources, `apply` steps, `replace`, `read`, `invoke`, `remove`.
 */
import { messageOf } from "../../common/errors.ts";
import type { StepMetadata, StepOp } from "../events.ts";
import { PartialError, type OperationContext } from "../provider.ts";
import { Plugins } from "../plugins/index.ts";
import type { EngineRun } from "../run.ts";
import { Journal } from "../state/journal.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { Goal } from "../steps/goal.ts";
import { formatProviderReference, isProviderType } from "../urn.ts";
import { Hooks } from "./hooks.ts";
import { builtinProvider } from "./builtin.ts";
import { inOrder } from "./graph.ts";
import { locateProgram } from "../location.ts";
import { Limiter } from "./limiter.ts";
import { ProviderRegistry } from "./registry.ts";
import { Reporter } from "./reporter.ts";
import { Selection } from "./scope.ts";

/** A step that failed and has been reported. */
export class StepFailed extends Error {
    override readonly name = "StepFailed";
}

/** Thrown instead of beginning a step after the user interrupted. */
export class Canceled extends Error {
    override readonly name = "Canceled";
    constructor() {
        super("interrupted");
    }
}

/** A resource that is done, with what was said about it last. */
export interface Done {
    state: ResourceState;
    metadata: StepMetadata;
    /** True for a new resource that the operation is not about: it does not exist, and nothing of it is known. */
    readonly skipped?: boolean;
}

export class Deployment {
    readonly run: EngineRun;
    readonly preview: boolean;
    readonly reporter: Reporter;
    readonly journal: Journal;
    readonly registry: ProviderRegistry;
    readonly limiter: Limiter;
    /** The resources of the old state by URN, in their order and as they are now, without those in {@link doomed}. */
    readonly olds = new Map<string, ResourceState>();
    /** Replaced objects that still have to be deleted. */
    readonly doomed: ResourceState[] = [];
    /** URNs of old resources that a resource of this run took over. */
    readonly taken = new Set<string>();
    /** The new URN of each old one that was found by an alias, and the old one of each new. */
    readonly aliased = new Map<string, string>();
    readonly foundAs = new Map<string, string>();
    readonly news = new Map<string, Done>();
    /** What the program asked for, by URN: children inherit of it. */
    readonly goals = new Map<string, Goal>();
    /** URNs that were asked for in this run, done or not. */
    readonly asked = new Set<string>();
    readonly failed = new Set<string>();
    /** Which resources the operation is about. */
    readonly selection: Selection;
    /** URNs of new resources that it is not about. */
    readonly skipped = new Set<string>();
    /** URNs of resources that are replaced in this run. */
    readonly replaced = new Set<string>();
    readonly defaultProviders = new Map<string, Promise<string>>();
    readonly hooks = new Hooks();
    /** True while the program runs for its providers and hooks alone. */
    passive = false;
    #exclusive: Promise<unknown> = Promise.resolve();

    /** @param keepsOlds whether old resources may stay as they are, between those that are registered */
    constructor(run: EngineRun, preview: boolean, keepsOlds = Boolean(run.scope)) {
        this.run = run;
        this.preview = preview;
        this.reporter = new Reporter(run.events, preview, run.redactor);
        this.selection = new Selection(run.scope);
        this.journal = new Journal(run.snapshot, preview ? undefined : run.persist, keepsOlds ? inOrder : undefined);
        this.limiter = new Limiter(run.parallel);
        const providers = new Map<string, ResourceState>();
        for (const state of run.snapshot.resources) {
            if (state.delete) this.doomed.push(state);
            else this.olds.set(state.urn, state);
            if (isProviderType(state.type) && state.id) providers.set(formatProviderReference({ urn: state.urn, id: state.id }), state);
            this.reporter.redactor.learn(state.inputs);
            this.reporter.redactor.learn(state.outputs);
        }
        for (const key of run.configSecretKeys) this.reporter.redactor.add(run.config[key] ?? "");
        this.registry = new ProviderRegistry({ ...run.providers, pulumi: () => builtinProvider(run) }, new Plugins(this), providers);
    }

    get canceled(): boolean {
        return this.run.signal.aborted;
    }

    /** Throws {@link Canceled} once the user interrupted. */
    checkpoint(): void {
        if (this.canceled) throw new Canceled();
    }

    context(urn: string, timeoutSeconds?: number): OperationContext {
        const { run } = this;
        return {
            get folder() {
                return locateProgram(run).folder;
            },
            preview: this.preview,
            timeoutSeconds,
            signal: this.run.signal,
            status: (text) => this.reporter.status(urn, text),
            log: (severity, text, of) => this.reporter.diagnostic(severity, text, of === "stack" ? undefined : urn),
        };
    }

    /** Records what became of an old resource that is still in the state. */
    changeOld(old: ResourceState, to: ResourceState): void {
        this.journal.change(old, to);
        const at = this.doomed.indexOf(old);
        if (at >= 0) this.doomed[at] = to;
        else if (to.delete) {
            this.olds.delete(old.urn);
            this.doomed.push(to);
        } else this.olds.set(old.urn, to);
    }

    /** Records that an old resource no longer exists. */
    removeOld(old: ResourceState): void {
        this.journal.remove(old);
        const at = this.doomed.indexOf(old);
        if (at >= 0) this.doomed.splice(at, 1);
        else this.olds.delete(old.urn);
    }

    /** Runs work that must not overlap with other such work: deletions that go before replacements. */
    exclusively<T>(work: () => Promise<T>): Promise<T> {
        const result = this.#exclusive.then(work);
        this.#exclusive = result.catch(() => {});
        return result;
    }

    /** Why an object is not what was asked for, as the state keeps it: readable by everyone. */
    reasons(error: PartialError): string[] {
        this.reporter.redactor.learn(error.outputs);
        return this.reporter.redactor.clean(error.message).split("\n");
    }

    /** Reports a step's failure and returns what to throw. */
    failure(metadata: StepMetadata, error: unknown): StepFailed {
        this.failed.add(metadata.urn);
        const message =
            error instanceof PartialError
                ? `${verb(metadata.op)}: the object exists, but ${messageOf(error)}`
                : `${verb(metadata.op)}: ${messageOf(error)}`;
        this.reporter.failure(metadata, message);
        return new StepFailed(this.reporter.redactor.clean(message));
    }
}

function verb(op: StepOp): string {
    switch (op) {
        case "create":
        case "create-replacement":
            return "creating failed";
        case "import":
        case "import-replacement":
            return "importing failed";
        case "update":
            return "updating failed";
        case "delete":
        case "delete-replaced":
        case "discard":
        case "discard-replaced":
            return "deleting failed";
        case "read":
        case "read-replacement":
        case "refresh":
            return "reading failed";
        default:
            return `${op} failed`;
    }
}

/** Steps that are part of a replacement: the step "replace" stands for them. */
const PARTS: ReadonlySet<StepOp> = new Set([
    "create-replacement",
    "delete-replaced",
    "read-replacement",
    "import-replacement",
    "discard-replaced",
    "remove-pending-replace",
]);

/** Describes a step for events. */
export function metadataOf(
    op: StepOp,
    old: ResourceState | undefined,
    now: ResourceState | undefined,
    more: Partial<StepMetadata> = {},
): StepMetadata {
    const state = now ?? old;
    if (!state) throw new Error("a step without a resource");
    return {
        op,
        urn: state.urn,
        type: state.type,
        provider: state.provider ?? "",
        logical: !PARTS.has(op),
        old,
        new: now,
        ...more,
    };
}

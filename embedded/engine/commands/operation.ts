/** How an operation is run and shown, once everything it needs is open. */
import { createDisplay, type Display } from "../display/index.ts";
import { hasChanges } from "../display/operations.ts";
import type { EngineEvent, EventSink } from "../events.ts";
import type * as Engine from "../index.ts";
import type { ImportRequest } from "../index.ts";
import type { Redactor } from "../redact.ts";
import type { EngineRun, OperationResult } from "../run.ts";
import { ORGANIZATION } from "../state/backend.ts";
import { addToHistory } from "../state/history.ts";
import type { Snapshot } from "../state/snapshot.ts";
import type { StoredValue } from "../state/types.ts";
import type { PropertyMap } from "../values.ts";
import { EXIT } from "./exit-codes.ts";
import { jsonOutput } from "./json-output.ts";
import { agreed, parallelOf, scopeOf, type Options } from "./options.ts";
import { openPlanning, type Planning } from "./plans.ts";
import { openPacks } from "./policies.ts";
import { outputsReader } from "./stack-outputs.ts";
import type { OpenedStack } from "./stack-state.ts";
import { ask, type Terminal } from "./terminal.ts";
import type { Target, Workspace } from "./workspace.ts";

export type Kind = "preview" | "update" | "refresh" | "destroy" | "import";

/** What an import is about: known once the stack is, whose resources it may name. */
export interface Importing {
    readonly requests: readonly ImportRequest[];
    /** Called with what came of it, when it succeeded. */
    done(result: OperationResult): Promise<void>;
}

/** What an operation works with. */
export interface OperationContext {
    readonly kind: Kind;
    /** Of an import. */
    readonly importing?: Importing | undefined;
    readonly options: Options;
    readonly workspace: Workspace;
    readonly target: Target;
    readonly stack: OpenedStack;
    readonly terminal: Terminal;
    /** Knows every secret of the stack; learns those of the run. */
    readonly redactor: Redactor;
    readonly signal: AbortSignal;
    readonly engine: typeof Engine;
}

/** One operation: the preview, the question, and the deed. */
export class Operation {
    readonly #context: OperationContext;
    #planning: Planning | undefined;

    constructor(context: OperationContext) {
        this.#context = context;
    }

    /** @returns the exit code */
    async run(previewOnly: boolean): Promise<number> {
        this.#planning = await openPlanning(this.#context);
        if (previewOnly || !this.#context.options["skip-preview"]) {
            const { result, display } = await this.#show(true);
            if (result.failed || result.canceled) return this.#codeOf(result, previewOnly);
            await this.#planning.save();
            if (previewOnly) return this.#codeOf(result, previewOnly);
            if (!agreed(this.#context.options) && !(await this.#confirm(display))) {
                this.#context.terminal.say(`confirmation declined, not proceeding with the ${this.#context.kind}`);
                return EXIT.failed;
            }
        }
        const begun = Date.now();
        const { result } = await this.#show(false);
        await this.#context.stack.settle?.();
        await this.#record(result, begun);
        if (!result.failed && !result.canceled) await this.#context.importing?.done(result);
        return this.#codeOf(result, true);
    }

    async #show(planning: boolean): Promise<{ result: OperationResult; display: Display }> {
        const options = this.#context.options;
        const { screen, paint, live } = this.#context.terminal;
        const json = options.json ? jsonOutput(planning, options, (text) => screen.write(text)) : undefined;
        const display = createDisplay({
            kind: this.#context.kind,
            planning,
            project: this.#context.target.reference.project,
            stack: this.#context.target.reference.stack,
            paint,
            live: live && !json,
            diff: options.diff === true,
            showSecrets: options["show-secrets"] === true,
            showSames: options["show-sames"] === true,
            showReplacementSteps: options["show-replacement-steps"] === true,
            showPolicyRemediations: options["show-policy-remediations"] === true,
            suppressOutputs: options["suppress-outputs"] === true,
            suppressProgress: options["suppress-progress"] === true,
            note: (text) => process.stderr.write(text),
            screen: json ? { ...screen, write() {} } : screen,
        });
        const sink: EventSink = (event) => {
            const shown = this.#cleaned(event);
            json?.take(shown);
            display.events(shown);
        };
        const before = outputsOf(this.#context.stack.snapshot);
        let result: OperationResult | undefined;
        try {
            result = await this.#execute(planning, sink);
        } finally {
            display.finish(
                result && this.#context.kind !== "refresh"
                    ? { before, after: this.#context.kind === "destroy" && !result.failed ? {} : result.outputs }
                    : undefined,
            );
        }
        json?.finish();
        return { result, display };
    }

    async #execute(planning: boolean, events: EventSink): Promise<OperationResult> {
        const { preview, update, refresh, destroy, importResources } = this.#context.engine;
        const { project } = this.#context.workspace;
        const { providers } = await import("../../providers/index.ts");
        const persist = planning ? undefined : this.#context.stack.persist;
        const scope = scopeOf(this.#context.options);
        const run: EngineRun = {
            project: {
                name: project.name,
                root: project.root,
                ...(project.main !== undefined && { main: project.main }),
                runtimeOptions: project.runtimeOptions,
                plugins: project.plugins,
            },
            stack: this.#context.target.reference.stack,
            organization: ORGANIZATION,
            config: this.#context.stack.config.values,
            configSecretKeys: this.#context.stack.config.secretKeys,
            snapshot: this.#context.stack.snapshot,
            providers,
            parallel: parallelOf(this.#context.options),
            signal: this.#context.signal,
            events,
            redactor: this.#context.redactor,
            ...(persist && { persist }),
            ...(scope && { scope }),
            stackOutputs: outputsReader(this.#context.workspace, this.#context.target),
            ...(this.#context.options["continue-on-error"] && { continueOnError: true }),
        };
        const { importing } = this.#context;
        if (importing) return importResources(run, { preview: planning, requests: importing.requests });
        const runProgram = this.#context.options["run-program"] === true;
        if (this.#context.kind === "refresh") return refresh(run, { preview: planning, runProgram });
        let start = run;
        if (this.#context.options.refresh ?? (project.alwaysRefresh && this.#context.kind !== "destroy")) {
            const found = await refresh(
                { ...run, events: (event) => void (event.type !== "summary" && events(event)) },
                { preview: planning, runProgram },
            );
            if (found.failed || found.canceled) return found;
            start = { ...run, snapshot: found.snapshot };
        }
        if (this.#context.kind === "destroy") return destroy(start, { preview: planning, runProgram });
        const policies = await openPacks(this.#context, planning, events).catch((error: unknown) => {
            if (!this.#context.signal.aborted) throw error;
            return undefined; // the operation ends as interrupted before it begins a step
        });
        const plan = this.#planning?.gate(planning);
        try {
            const governed = { ...start, ...(policies && { policies }), ...(plan && { plan }) };
            return await (planning ? preview(governed) : update(governed));
        } finally {
            await policies?.close();
        }
    }

    async #confirm(display: Display): Promise<boolean> {
        const what = this.#context.kind === "update" ? "update" : this.#context.kind;
        if (this.#context.kind === "refresh")
            this.#context.terminal.screen.write(
                "No resources will be modified as part of this refresh; just your stack's state will be.\n",
            );
        for (;;) {
            const answer = await ask(`Do you want to perform this ${what}?`, ["yes", "no", "details"] as const, this.#context.signal);
            if (answer !== "details") return answer === "yes";
            this.#context.terminal.screen.write(display.details());
        }
    }

    async #record(result: OperationResult, begun: number): Promise<void> {
        const { reference, settings } = this.#context.target;
        await addToHistory(this.#context.workspace.backend, reference, {
            kind: this.#context.kind === "import" ? "resource-import" : this.#context.kind,
            startTime: Math.floor(begun / 1000),
            message: this.#context.options.message ?? "",
            environment: {
                "exec.kind": this.#context.options["exec-kind"] ?? "cli",
                ...(this.#context.options["exec-agent"] !== undefined && { "exec.agent": this.#context.options["exec-agent"] }),
            },
            config: settings.config as Record<string, StoredValue>,
            version: 0,
            result: result.failed || result.canceled ? "failed" : "succeeded",
            endTime: Math.floor(Date.now() / 1000),
            ...(Object.keys(result.changes).length && { resourceChanges: result.changes }),
        });
    }

    /** @param last whether this was what the command is about, and not the preview before it */
    #codeOf(result: OperationResult, last: boolean): number {
        if (result.canceled) {
            this.#context.terminal.say(`The ${this.#context.kind} was canceled. The state is stored; run the command again to go on.`);
            return EXIT.canceled;
        }
        if (result.failed) return EXIT.failed;
        if (last && this.#context.options["expect-no-changes"] && hasChanges(result.changes)) {
            this.#context.terminal.say(
                `error: no changes were expected but changes ${this.#context.kind === "preview" || this.#context.options["preview-only"] ? "were proposed" : "occurred"}`,
            );
            return EXIT.changes;
        }
        return EXIT.success;
    }

    /** The event with every text that somebody else wrote cleared of secrets. */
    #cleaned(event: EngineEvent): EngineEvent {
        const { redactor } = this.#context;
        if ("metadata" in event) {
            for (const state of [event.metadata.old, event.metadata.new]) {
                redactor.learn(state?.inputs);
                redactor.learn(state?.outputs);
            }
        }
        if (event.type === "policy-remediation") redactor.learn(event.after);
        switch (event.type) {
            case "resource-status":
                return { ...event, text: redactor.clean(event.text) };
            case "resource-failed":
                return { ...event, error: redactor.clean(event.error) };
            case "diagnostic":
            case "policy-violation":
                return { ...event, message: redactor.clean(event.message) };
            default:
                return event;
        }
    }
}

function outputsOf(snapshot: Snapshot): PropertyMap {
    return snapshot.resources.find((resource) => resource.type === "pulumi:pulumi:Stack" && !resource.delete)?.outputs ?? {};
}

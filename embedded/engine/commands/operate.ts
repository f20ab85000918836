/** `preview`, `up`, `refresh` and `destroy`: lock, show, ask, run, store, tell. */
import { messageOf, UserError } from "../../common/errors.ts";
import { createDisplay, type Display } from "../display/index.ts";
import { DigestBuilder } from "../display/digest.ts";
import { Mask } from "../display/mask.ts";
import { hasChanges } from "../display/operations.ts";
import type { EngineEvent, EventSink } from "../events.ts";
import type * as Engine from "../index.ts";
import type { EngineRun, OperationResult } from "../run.ts";
import { ORGANIZATION } from "../state/backend.ts";
import { addToHistory } from "../state/history.ts";
import { lockStack } from "../state/lock.ts";
import type { Snapshot } from "../state/snapshot.ts";
import type { StoredValue } from "../state/types.ts";
import type { PropertyMap } from "../values.ts";
import { EXIT } from "./exit-codes.ts";
import { catchInterrupts } from "./interrupt.ts";
import { checkColor, parallelOf, type Options } from "./options.ts";
import { openStack, type OpenedStack } from "./stack-state.ts";
import { ask, openTerminal, type Terminal } from "./terminal.ts";
import { findTarget, openWorkspace, type Target, type Workspace } from "./workspace.ts";

export type Kind = "preview" | "update" | "refresh" | "destroy";

const COMMAND: Readonly<Record<Kind, string>> = { preview: "preview", update: "up", refresh: "refresh", destroy: "destroy" };

/** An operation of a command line, answered with its exit code. */
export async function operate(kind: Kind, options: Options): Promise<number> {
    checkColor(options);
    const terminal = openTerminal(options);
    const previewOnly = kind === "preview" || options["preview-only"] === true;
    if (!previewOnly && !terminal.interactive && !options.yes && !options["skip-preview"]) {
        const only = kind === "update" ? "" : " or --preview-only";
        throw new UserError(`--yes or --skip-preview${only} must be passed in to proceed when running in non-interactive mode`);
    }
    parallelOf(options);
    // Loading the engine takes longer than reading the settings: both at once.
    const engine = import("../index.ts");
    engine.catch(() => {});

    const workspace = await openWorkspace(options);
    const target = await findTarget(workspace, options);
    if (!target.exists && kind !== "preview" && kind !== "update") {
        throw new UserError(`The stack ${target.reference.stack} has no state yet: there is nothing to ${kind}. Run "up" first.`);
    }
    const interrupt = catchInterrupts(terminal.say);
    const mask = new Mask();
    const lock = previewOnly ? undefined : await lockStack(workspace.backend, target.reference, COMMAND[kind], terminal.say);
    try {
        if (!target.exists) {
            terminal.say(
                `The stack ${target.reference.stack} has no state yet${previewOnly ? ": this is what its first update would make" : " and is created"} (${workspace.backend.url}).`,
            );
            if (!previewOnly) await workspace.backend.create(target.reference);
        }
        const stack = await openStack(workspace, target, !previewOnly, terminal.say);
        learn(mask, stack);
        const operation = new Operation(kind, options, workspace, target, stack, terminal, mask, interrupt.signal, await engine);
        return await operation.run(previewOnly);
    } catch (error) {
        // The original error is not kept: its text may hold what the mask took out.
        const text = mask.apply(messageOf(error));
        // oxlint-disable-next-line preserve-caught-error
        throw error instanceof UserError
            ? new UserError(text)
            : Object.assign(new Error(text), { stack: mask.apply((error as Error).stack ?? text) });
    } finally {
        await lock?.release();
        interrupt.release();
    }
}

function learn(mask: Mask, stack: OpenedStack): void {
    for (const key of stack.config.secretKeys) mask.add(stack.config.values[key] ?? "");
    for (const { inputs, outputs } of stack.snapshot.resources) {
        mask.collect(inputs);
        mask.collect(outputs);
    }
}

class Operation {
    readonly #kind: Kind;
    readonly #options: Options;
    readonly #workspace: Workspace;
    readonly #target: Target;
    readonly #stack: OpenedStack;
    readonly #terminal: Terminal;
    readonly #mask: Mask;
    readonly #signal: AbortSignal;
    readonly #engine: typeof Engine;

    constructor(
        kind: Kind,
        options: Options,
        workspace: Workspace,
        target: Target,
        stack: OpenedStack,
        terminal: Terminal,
        mask: Mask,
        signal: AbortSignal,
        engine: typeof Engine,
    ) {
        this.#kind = kind;
        this.#options = options;
        this.#workspace = workspace;
        this.#target = target;
        this.#stack = stack;
        this.#terminal = terminal;
        this.#mask = mask;
        this.#signal = signal;
        this.#engine = engine;
    }

    async run(previewOnly: boolean): Promise<number> {
        if (previewOnly || !this.#options["skip-preview"]) {
            const { result, display } = await this.#show(true, previewOnly);
            if (previewOnly || result.failed || result.canceled) return this.#codeOf(result, previewOnly);
            if (!this.#options.yes && !(await this.#confirm(display))) {
                this.#terminal.say(`confirmation declined, not proceeding with the ${this.#kind}`);
                return EXIT.failed;
            }
        }
        const begun = Date.now();
        const { result } = await this.#show(false, true);
        await this.#record(result, begun);
        return this.#codeOf(result, true);
    }

    /** @param json whether this run is the one that `--json` is about */
    async #show(planning: boolean, json: boolean): Promise<{ result: OperationResult; display: Display }> {
        const options = this.#options;
        const { screen, paint, live } = this.#terminal;
        const digest = options.json
            ? new DigestBuilder({ showSames: options["show-sames"] === true, suppressOutputs: options["suppress-outputs"] === true })
            : undefined;
        const display = createDisplay({
            kind: this.#kind,
            planning,
            project: this.#target.reference.project,
            stack: this.#target.reference.stack,
            paint,
            live: live && !digest,
            diff: options.diff === true,
            showSecrets: options["show-secrets"] === true,
            showSames: options["show-sames"] === true,
            suppressOutputs: options["suppress-outputs"] === true,
            suppressProgress: options["suppress-progress"] === true,
            screen: digest ? { ...screen, write() {} } : screen,
        });
        const sink: EventSink = (event) => {
            const shown = this.#masked(event);
            digest?.take(shown);
            display.events(shown);
        };
        const before = outputsOf(this.#stack.snapshot);
        let result: OperationResult | undefined;
        try {
            result = await this.#execute(planning, sink);
        } finally {
            display.finish(
                result && this.#kind !== "refresh"
                    ? { before, after: this.#kind === "destroy" && !result.failed ? {} : result.outputs }
                    : undefined,
            );
        }
        if (digest && json) screen.write(digest.text());
        return { result, display };
    }

    async #execute(planning: boolean, events: EventSink): Promise<OperationResult> {
        const { preview, update, refresh, destroy } = this.#engine;
        const { project } = this.#workspace;
        const { providers } = await import("../../providers/index.ts");
        const persist = planning ? undefined : this.#stack.persist;
        const run: EngineRun = {
            project: {
                name: project.name,
                root: project.root,
                ...(project.main !== undefined && { main: project.main }),
                runtimeOptions: project.runtimeOptions,
            },
            stack: this.#target.reference.stack,
            organization: ORGANIZATION,
            config: this.#stack.config.values,
            configSecretKeys: this.#stack.config.secretKeys,
            snapshot: this.#stack.snapshot,
            providers,
            parallel: parallelOf(this.#options),
            signal: this.#signal,
            events,
            ...(persist && { persist }),
            ...(this.#options["continue-on-error"] && { continueOnError: true }),
        };
        if (this.#kind === "refresh") return refresh(run, { preview: planning });
        let start = run;
        if (this.#options.refresh || (project.alwaysRefresh && this.#kind !== "destroy")) {
            const found = await refresh(
                { ...run, events: (event) => void (event.type !== "summary" && events(event)) },
                { preview: planning },
            );
            if (found.failed || found.canceled) return found;
            start = { ...run, snapshot: found.snapshot };
        }
        if (this.#kind === "destroy") return destroy(start, { preview: planning });
        return planning ? preview(start) : update(start);
    }

    async #confirm(display: Display): Promise<boolean> {
        const what = this.#kind === "update" ? "update" : this.#kind;
        if (this.#kind === "refresh")
            this.#terminal.screen.write("No resources will be modified as part of this refresh; just your stack's state will be.\n");
        for (;;) {
            const answer = await ask(`Do you want to perform this ${what}?`, ["yes", "no", "details"] as const, this.#signal);
            if (answer !== "details") return answer === "yes";
            this.#terminal.screen.write(display.details());
        }
    }

    async #record(result: OperationResult, begun: number): Promise<void> {
        const { reference, settings } = this.#target;
        await addToHistory(this.#workspace.backend, reference, {
            kind: this.#kind,
            startTime: Math.floor(begun / 1000),
            message: this.#options.message ?? "",
            environment: { "exec.kind": "cli" },
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
            this.#terminal.say(`The ${this.#kind} was canceled. The state is stored; run the command again to go on.`);
            return EXIT.canceled;
        }
        if (result.failed) return EXIT.failed;
        if (last && this.#options["expect-no-changes"] && hasChanges(result.changes)) {
            this.#terminal.say(
                `error: no changes were expected but changes ${this.#kind === "preview" || this.#options["preview-only"] ? "were proposed" : "occurred"}`,
            );
            return EXIT.changes;
        }
        return EXIT.success;
    }

    /** The event with every text that somebody else wrote cleared of secrets. */
    #masked(event: EngineEvent): EngineEvent {
        if ("metadata" in event) {
            for (const state of [event.metadata.old, event.metadata.new]) {
                this.#mask.collect(state?.inputs);
                this.#mask.collect(state?.outputs);
            }
        }
        if (this.#options["show-secrets"]) return event;
        switch (event.type) {
            case "resource-status":
                return { ...event, text: this.#mask.apply(event.text) };
            case "resource-failed":
                return { ...event, error: this.#mask.apply(event.error) };
            case "diagnostic":
                return { ...event, message: this.#mask.apply(event.message) };
            default:
                return event;
        }
    }
}

function outputsOf(snapshot: Snapshot): PropertyMap {
    return snapshot.resources.find((resource) => resource.type === "pulumi:pulumi:Stack" && !resource.delete)?.outputs ?? {};
}

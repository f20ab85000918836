/** Tells the display what happens, without secrets, and counts it. */
import type { EngineEvent, EventSink, Severity, StepMetadata, StepOp } from "../events.ts";
import { Redactor } from "../redact.ts";
import { isDefaultProvider } from "../urn.ts";

export class Reporter {
    readonly redactor: Redactor;
    readonly changes: Partial<Record<StepOp, number>> = {};
    readonly planning: boolean;
    /** Whether an error was reported. */
    failed = false;
    readonly #sink: EventSink;
    readonly #started = Date.now();

    constructor(sink: EventSink, planning: boolean, redactor = new Redactor()) {
        this.#sink = sink;
        this.planning = planning;
        this.redactor = redactor;
    }

    emit(event: EngineEvent): void {
        this.#sink(event);
    }

    /** A step begins. Providers that the engine made itself are not shown. */
    pre(metadata: StepMetadata): void {
        this.#learn(metadata);
        if (!isDefaultProvider(metadata.urn)) this.#sink({ type: "resource-pre", metadata, planning: this.planning });
    }

    /** A step is done. `counted` is what the summary counts it as; default its own kind. */
    done(metadata: StepMetadata, counted: StepOp = metadata.op): void {
        this.#learn(metadata);
        if (isDefaultProvider(metadata.urn)) return;
        if (metadata.logical) this.changes[counted] = (this.changes[counted] ?? 0) + 1;
        this.outputs(metadata);
    }

    /** The outputs of a resource became known, or known again. */
    outputs(metadata: StepMetadata): void {
        this.#learn(metadata);
        this.#sink({ type: "resource-outputs", metadata, planning: this.planning });
    }

    failure(metadata: StepMetadata, message: string): void {
        this.failed = true;
        const error = this.redactor.clean(message);
        this.#sink({ type: "resource-failed", metadata, error });
        this.diagnostic("error", message, metadata.urn);
    }

    diagnostic(severity: Severity, message: string, urn?: string, ephemeral?: boolean): void {
        if (severity === "error") this.failed = true;
        this.#sink({ type: "diagnostic", severity, message: this.redactor.clean(message), urn, ephemeral });
    }

    status(urn: string, text: string): void {
        this.#sink({ type: "resource-status", urn, text: this.redactor.clean(text) });
    }

    summary(maybeCorrupt = false): void {
        this.#sink({
            type: "summary",
            changes: this.changes,
            durationMs: Date.now() - this.#started,
            planning: this.planning,
            maybeCorrupt,
        });
    }

    #learn({ old, new: now }: StepMetadata): void {
        for (const state of [old, now]) {
            if (!state) continue;
            this.redactor.learn(state.inputs);
            this.redactor.learn(state.outputs);
        }
    }
}

/** What is known about each resource while an operation runs: the model that tree, plain lines and diagnostics draw. */
import type { EngineEvent, Severity, StepMetadata, StepOp } from "../events.ts";
import { isRootStack, typeOf } from "./names.ts";

export interface Diagnostic {
    readonly severity: Severity;
    readonly message: string;
    readonly urn?: string | undefined;
}

export interface Row {
    readonly urn: string;
    /** The step shown: a replacement's several steps are one. */
    metadata: StepMetadata;
    /** The step that says why a resource is replaced, once it was announced. */
    replacement: StepMetadata | undefined;
    parent: string | undefined;
    /** When the step began and ended, in milliseconds of the clock given. */
    begun: number;
    ended: number | undefined;
    failed: boolean;
    /** What is being done or awaited. */
    status: string;
    readonly diagnostics: Diagnostic[];
}

/** An operation as the events told it so far. */
export class Rows {
    readonly rows = new Map<string, Row>();
    readonly diagnostics: Diagnostic[] = [];
    /** The stack's own row, once it was heard of. */
    root: string | undefined;
    readonly #now: () => number;

    constructor(now: () => number) {
        this.#now = now;
    }

    /** Takes an event in; answers the row it changed. */
    take(event: EngineEvent): Row | undefined {
        switch (event.type) {
            case "resource-pre":
                return this.#begin(event.metadata);
            case "resource-outputs":
                return this.#end(event.metadata, false);
            case "resource-failed": {
                const row = this.#end(event.metadata, true);
                if (event.error) this.#diagnose({ severity: "error", message: event.error, urn: event.metadata.urn });
                return row;
            }
            case "resource-status": {
                const row = this.rows.get(event.urn);
                if (row) row.status = event.text;
                return row;
            }
            case "diagnostic": {
                if (event.ephemeral) {
                    const row = event.urn ? this.rows.get(event.urn) : undefined;
                    if (row) row.status = event.message.trim();
                    return row;
                }
                return this.#diagnose(event);
            }
            default:
                return undefined;
        }
    }

    #begin(metadata: StepMetadata): Row {
        const known = this.rows.get(metadata.urn);
        if (isRootStack(metadata.type)) this.root = metadata.urn;
        if (known) {
            known.metadata = metadata;
            if (metadata.op === "replace") known.replacement = metadata;
            known.ended = undefined;
            known.status = "";
            if (known.metadata.op === "same") known.begun = this.#now();
            return known;
        }
        const row: Row = {
            urn: metadata.urn,
            metadata,
            replacement: metadata.op === "replace" ? metadata : undefined,
            parent: (metadata.new ?? metadata.old)?.parent,
            begun: this.#now(),
            ended: undefined,
            failed: false,
            status: "",
            diagnostics: [],
        };
        this.rows.set(row.urn, row);
        return row;
    }

    #end(metadata: StepMetadata, failed: boolean): Row {
        const row = this.rows.get(metadata.urn) ?? this.#begin(metadata);
        row.metadata = metadata;
        row.ended = this.#now();
        row.failed ||= failed;
        row.status = "";
        return row;
    }

    #diagnose(diagnostic: Diagnostic): Row | undefined {
        // A failure is told by the step and once more as a message.
        const said = this.diagnostics.findLast((d) => d.urn === diagnostic.urn);
        if (said?.severity === diagnostic.severity && said.message.trim() === diagnostic.message.trim())
            return this.rows.get(diagnostic.urn ?? "");
        this.diagnostics.push(diagnostic);
        const { urn } = diagnostic;
        // A resource may fail before a step begins: it gets a row to be seen failing.
        const row =
            urn && !this.rows.has(urn)
                ? this.#begin({ op: "same", urn, type: typeOf(urn), provider: "", logical: true })
                : this.rows.get(urn ?? this.root ?? "");
        row?.diagnostics.push(diagnostic);
        return row;
    }
}

/** The operation a row shows: of a replacement its parts while they run, before and after that the whole. */
export function shownOp({ metadata }: Row, whole: boolean): StepOp {
    return whole && isPart(metadata) ? "replace" : metadata.op;
}

export function isPart({ op }: StepMetadata): boolean {
    return op === "create-replacement" || op === "delete-replaced";
}

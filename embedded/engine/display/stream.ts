/** `--json` of an operation that changes something: Pulumi's engine events (`apitype.EngineEvent`), one line each as they happen. */
import type { EngineEvent, StepMetadata, StepOp, StepState } from "../events.ts";
import { goJson } from "../state/json.ts";
import { serializeMap } from "../state/serialize-values.ts";
import type { Crypter } from "../state/secrets.ts";
import type { PropertyMap } from "../values.ts";
import { severityWord } from "./cells.ts";

/** Secrets keep their mark and lose what they hold, also with `--show-secrets`. */
const blinding: Crypter = {
    encrypt: () => "[secret]",
    decrypt() {
        throw new Error("a hidden secret cannot be opened");
    },
};

export class EventStream {
    readonly #write: (line: string) => void;
    #sequence = 0;
    #failed = false;
    #canceled = false;
    readonly #packs: Record<string, string> = {};

    constructor(write: (line: string) => void) {
        this.#write = write;
    }

    take(event: EngineEvent): void {
        if (event.type === "resource-failed" || (event.type === "diagnostic" && event.severity === "error")) this.#failed = true;
        if (event.type === "cancel") this.#canceled = true;
        if (event.type === "policy-load") this.#packs[event.pack] = `v${event.packVersion}`;
        const body = this.#bodyOf(event);
        if (body) this.#send(body);
    }

    /** Says that nothing follows. */
    finish(): void {
        this.#send({ cancelEvent: {} });
    }

    #send(body: object): void {
        this.#write(`${goJson({ sequence: this.#sequence++, timestamp: Math.floor(Date.now() / 1000), ...body })}\n`);
    }

    #bodyOf(event: EngineEvent): object | undefined {
        switch (event.type) {
            case "prelude":
                return { preludeEvent: { config: event.config } };
            case "resource-pre":
                return { resourcePreEvent: stepOf(event) };
            case "resource-outputs":
                return { resOutputsEvent: stepOf(event) };
            case "resource-failed":
                return { resOpFailedEvent: { metadata: metadataOf(event.metadata), status: 0, steps: 0 } };
            case "resource-status":
                return diagnostic({ severity: "info", message: event.text, urn: event.urn, ephemeral: true });
            case "diagnostic":
                return event.severity === "debug" ? undefined : diagnostic(event);
            case "summary":
                return {
                    summaryEvent: {
                        maybeCorrupt: event.maybeCorrupt,
                        durationSeconds: Math.ceil(event.durationMs / 1000),
                        resourceChanges: sorted(event.changes),
                        PolicyPacks: this.#packs,
                        isPreview: event.planning,
                        result: this.#canceled ? "canceled" : this.#failed ? "failed" : "succeeded",
                    },
                };
            case "policy-load":
                return { policyLoadEvent: {} };
            case "policy-violation":
                return {
                    policyEvent: {
                        ...(event.urn && { resourceUrn: event.urn }),
                        message: event.message,
                        color: "never",
                        ...packOf(event),
                        enforcementLevel: event.enforcementLevel,
                        ...(event.severity && { severity: event.severity }),
                    },
                };
            case "policy-remediation":
                return {
                    policyRemediationEvent: {
                        resourceUrn: event.urn,
                        color: "never",
                        ...packOf(event),
                        before: hidden(event.before),
                        after: hidden(event.after),
                    },
                };
            case "cancel":
                return undefined;
        }
    }
}

function packOf({ policy, pack, packVersion }: { readonly policy: string; readonly pack: string; readonly packVersion: string }): object {
    return { policyName: policy, policyPackName: pack, policyPackVersion: packVersion, policyPackVersionTag: packVersion };
}

function diagnostic(event: Pick<Extract<EngineEvent, { type: "diagnostic" }>, "severity" | "message" | "urn" | "ephemeral">): object {
    const { severity, message, urn, ephemeral } = event;
    const prefix = severityWord(severity);
    return {
        diagnosticEvent: {
            ...(urn && { urn }),
            ...(prefix && { prefix }),
            message,
            color: "never",
            severity,
            ...(ephemeral && { ephemeral }),
        },
    };
}

function stepOf({ metadata, planning }: { readonly metadata: StepMetadata; readonly planning: boolean }): object {
    return { metadata: metadataOf(metadata), ...(planning && { planning }) };
}

function metadataOf({ op, urn, type, provider, logical, old, new: now, keys, diffs, detailedDiff }: StepMetadata): object {
    return {
        op,
        urn,
        type,
        old: old ? stateOf(old) : null,
        new: now ? stateOf(now) : null,
        ...(keys?.length && { keys }),
        ...(diffs?.length && { diffs }),
        detailedDiff: detailedDiff
            ? sorted(Object.fromEntries(Object.entries(detailedDiff).map(([path, diffKind]) => [path, { diffKind, inputDiff: true }])))
            : null,
        ...(logical && { logical }),
        provider,
    };
}

function stateOf(state: StepState): object {
    const { type, urn, custom, id, parent, protect, taint, external, retainOnDelete, provider, inputs, outputs } = state;
    const { initErrors = [], hideDiff = [] } = state;
    return {
        type,
        urn,
        ...(custom && { custom }),
        ...(state.delete && { delete: true }),
        id: id ?? "",
        parent: parent ?? "",
        ...(protect && { protect }),
        ...(taint && { taint }),
        ...(external && { external }),
        ...(retainOnDelete && { retainOnDelete }),
        inputs: hidden(inputs),
        outputs: hidden(outputs),
        provider: provider ?? "",
        ...(initErrors.length && { initErrors }),
        ...(hideDiff.length && { hideDiffs: hideDiff }),
    };
}

function hidden(map: PropertyMap): object {
    return serializeMap(map, { crypter: blinding }, "");
}

function sorted<T>(map: Readonly<Partial<Record<StepOp | string, T>>>): Record<string, T> {
    return Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1))) as Record<string, T>;
}

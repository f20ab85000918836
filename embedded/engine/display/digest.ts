/** `--json`: Pulumi's digest of an operation, one document at its end. */
import type { EngineEvent, StepMetadata, StepOp, StepState } from "../events.ts";
import { goJson } from "../state/json.ts";
import { serializeMap } from "../state/serialize-values.ts";
import { serializeResource } from "../state/serialize.ts";
import { nothingKept, type ResourceState } from "../state/snapshot.ts";
import type { ResourceV3 } from "../state/types.ts";
import { OutputValue, Secret, isObject, Unknown, type PropertyMap, type PropertyValue } from "../values.ts";
import { isRootStack } from "./names.ts";
import { isListed, type Listing } from "./operations.ts";
import { placeOf, treeOrder, type Placed } from "./order.ts";
import { digestRemediation, digestViolation, type DigestRemediation, type DigestViolation } from "./policies.ts";

export interface Digest {
    config?: Readonly<Record<string, string>>;
    steps?: DigestStep[];
    /** Present once policy packs ran; empty when nothing was found. */
    policyViolations?: DigestViolation[];
    policyRemediations?: DigestRemediation[];
    diagnostics?: { urn?: string; message: string; severity: string }[];
    /** Nanoseconds, as Go counts. */
    duration?: number;
    changeSummary?: Readonly<Partial<Record<StepOp, number>>>;
    maybeCorrupt?: true;
}

export interface DigestStep {
    op: StepOp;
    urn: string;
    provider?: string;
    oldState?: ResourceV3;
    newState?: ResourceV3;
    diffReasons?: readonly string[];
    replaceReasons?: readonly string[];
    detailedDiff: Record<string, { kind: string; inputDiff: boolean }> | null;
}

export interface DigestOptions extends Listing {
    readonly suppressOutputs: boolean;
}

export class DigestBuilder {
    readonly #options: DigestOptions;
    readonly #steps: DigestStep[] = [];
    readonly #places = new Map<string, Placed>();
    readonly #refreshes = new Set<string>();
    readonly #diagnostics: NonNullable<Digest["diagnostics"]> = [];
    #violations: DigestViolation[] | undefined;
    readonly #remediations: DigestRemediation[] = [];
    readonly #digest: Digest = {};

    constructor(options: DigestOptions) {
        this.#options = options;
    }

    take(event: EngineEvent): void {
        switch (event.type) {
            case "prelude":
                if (Object.keys(event.config).length) this.#digest.config = event.config;
                return;
            case "resource-pre": {
                const { metadata } = event;
                if (metadata.op === "refresh") this.#refreshes.add(metadata.urn);
                this.#places.set(metadata.urn, placeOf(metadata));
                if (isListed(metadata, this.#options)) this.#steps.push(this.#step(metadata));
                return;
            }
            case "resource-outputs": {
                // What a refresh found replaces what it was announced as.
                const { metadata } = event;
                if (
                    !this.#refreshes.has(metadata.urn) ||
                    (metadata.op !== "delete" && !(metadata.op === "update" && metadata.detailedDiff))
                )
                    return;
                const at = this.#steps.findIndex((step) => step.urn === metadata.urn);
                if (at >= 0) this.#steps[at] = this.#step(metadata);
                return;
            }
            case "resource-failed":
                if (event.error) this.#diagnose({ urn: event.metadata.urn, message: event.error, severity: "error" });
                return;
            case "diagnostic":
                if (event.ephemeral || event.severity === "debug") return;
                this.#diagnose({ ...(event.urn && { urn: event.urn }), message: event.message, severity: event.severity });
                return;
            case "policy-load":
                this.#violations ??= [];
                return;
            case "policy-violation":
                this.#violations?.push(digestViolation(event));
                return;
            case "policy-remediation":
                this.#remediations.push(digestRemediation(event, (map) => serializeMap(blind(map), { crypter: undefined }, "")));
                return;
            case "summary":
                this.#digest.duration = Math.round(event.durationMs * 1_000_000);
                this.#digest.changeSummary = event.changes;
                if (event.maybeCorrupt) this.#digest.maybeCorrupt = true;
                return;
            default:
                return;
        }
    }

    /** A failure is told by the step and once more as a message: it is listed once. */
    #diagnose(diagnostic: NonNullable<Digest["diagnostics"]>[number]): void {
        const said = this.#diagnostics.findLast((d) => d.urn === diagnostic.urn);
        if (said?.severity !== diagnostic.severity || said.message.trim() !== diagnostic.message.trim()) this.#diagnostics.push(diagnostic);
    }

    /** The fields in Pulumi's order, empty ones left out. */
    build(): Digest {
        const { config, duration, changeSummary, maybeCorrupt } = this.#digest;
        const order = treeOrder(this.#places.values());
        const steps = this.#steps.toSorted((a, b) => (order.get(a.urn) ?? 0) - (order.get(b.urn) ?? 0));
        return {
            ...(config && { config }),
            ...(steps.length && { steps }),
            ...(this.#violations && { policyViolations: this.#violations }),
            ...(this.#remediations.length && { policyRemediations: this.#remediations }),
            ...(this.#diagnostics.length && { diagnostics: this.#diagnostics }),
            ...(duration && { duration }),
            ...(changeSummary && Object.keys(changeSummary).length && { changeSummary: sorted(changeSummary) }),
            ...(maybeCorrupt && { maybeCorrupt }),
        };
    }

    text(): string {
        return `${goJson(this.build(), "    ")}\n`;
    }

    #step(metadata: StepMetadata): DigestStep {
        const { op, urn, provider, old: before, new: after, diffs, keys, detailedDiff } = metadata;
        return {
            op,
            urn,
            ...(provider && { provider }),
            ...(before && { oldState: this.#state(before) }),
            ...(after && { newState: this.#state(after) }),
            ...(diffs?.length && { diffReasons: diffs }),
            ...(keys?.length && { replaceReasons: keys }),
            detailedDiff: detailedDiff
                ? Object.fromEntries(
                      Object.keys(detailedDiff)
                          .toSorted()
                          .map((path) => [path, { kind: detailedDiff[path] ?? "update", inputDiff: true }]),
                  )
                : null,
        };
    }

    #state(state: StepState): ResourceV3 {
        const hidden = isRootStack(state.type) && this.#options.suppressOutputs;
        const full: ResourceState = {
            ...nothingKept,
            ...state,
            ...(state.replacementTrigger !== undefined && { replacementTrigger: blindValue(state.replacementTrigger) }),
            inputs: hidden ? {} : blind(state.inputs),
            outputs: hidden ? {} : blind(state.outputs),
        };
        return serializeResource(full, { crypter: undefined });
    }
}

/** The properties with every secret as `[secret]`. */
function blind(map: PropertyMap): PropertyMap {
    return Object.fromEntries(Object.entries(map).map(([key, item]) => [key, blindValue(item)]));
}

function blindValue(value: PropertyValue): PropertyValue {
    if (value instanceof Secret) return "[secret]";
    if (value instanceof OutputValue) return value.secret ? "[secret]" : blindValue(value.value ?? Unknown.instance);
    if (Array.isArray(value)) return value.map((item: PropertyValue) => blindValue(item));
    return isObject(value) ? blind(value) : value;
}

function sorted<T>(map: Readonly<Partial<Record<string, T>>>): Record<string, T> {
    return Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1))) as Record<string, T>;
}

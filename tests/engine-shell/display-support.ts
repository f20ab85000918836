/** Builders of what a display is given: steps, events, options. */
import { plainPaint } from "../../embedded/engine/display/colors.ts";
import { createDisplay, type Display } from "../../embedded/engine/display/index.ts";
import type { DisplayOptions } from "../../embedded/engine/display/options.ts";
import { Rows } from "../../embedded/engine/display/rows.ts";
import type { EngineEvent, StepMetadata, StepOp, StepState } from "../../embedded/engine/events.ts";
import { STACK, urn } from "./support.ts";

export const COMPONENT = urn("mcp:area:Area", "area");
export const POD = `urn:pulumi:dev::trial::mcp:area:Area$kubernetes:core/v1:Pod::pod`;

export function state(of: string, type: string, more: Partial<StepState> = {}): StepState {
    return { urn: of, type, custom: true, inputs: {}, outputs: {}, ...(of === STACK ? {} : { parent: STACK }), ...more };
}

export function step(
    op: StepOp,
    of: string,
    type: string,
    more: { old?: Partial<StepState>; new?: Partial<StepState> } & Partial<Omit<StepMetadata, "old" | "new">> = {},
): StepMetadata {
    const { old: before, new: after, ...rest } = more;
    const hasOld = before || !["create", "read", "import"].includes(op);
    const hasNew = after || !["delete", "delete-replaced"].includes(op);
    return {
        op,
        urn: of,
        type,
        provider: "",
        logical: true,
        old: hasOld ? state(of, type, before) : undefined,
        new: hasNew ? state(of, type, after) : undefined,
        ...rest,
    };
}

export const OPTIONS: DisplayOptions = {
    kind: "update",
    planning: false,
    project: "trial",
    stack: "dev",
    paint: plainPaint,
    live: false,
    diff: false,
    showSecrets: false,
    showSames: false,
    suppressOutputs: false,
    suppressProgress: false,
    screen: { write() {}, columns: 80, rows: 24 },
};

export function recorded(options: Partial<DisplayOptions> = {}): { text: () => string; display: Display } {
    let text = "";
    const display = createDisplay({ ...OPTIONS, ...options, screen: { write: (more) => (text += more), columns: 80, rows: 24 } });
    return { text: () => text.replace(/\(\d+(\.\d+)?s\)/g, "(Ts)"), display };
}

/** An update in which a component's pod waits, a config map changes and a secret is there already. */
export const stackPre: EngineEvent = { type: "resource-pre", planning: false, metadata: step("same", STACK, "pulumi:pulumi:Stack") };
export const areaPre: EngineEvent = { type: "resource-pre", planning: false, metadata: step("create", COMPONENT, "mcp:area:Area") };
export const podStep = step("create", POD, "kubernetes:core/v1:Pod", { new: { parent: COMPONENT } });
export const podPre: EngineEvent = { type: "resource-pre", planning: false, metadata: podStep };
export const podStatus: EngineEvent = { type: "resource-status", urn: POD, text: "waiting for 1 of 1 containers: image being pulled" };
export const mapStep = step("update", urn("kubernetes:core/v1:ConfigMap", "map"), "kubernetes:core/v1:ConfigMap", {
    diffs: ["data"],
    detailedDiff: { "data.a": "update", metadata: "add" },
});
export const sameStep = step("same", urn("kubernetes:core/v1:Secret", "kept"), "kubernetes:core/v1:Secret");

export function rowsOf(events: readonly EngineEvent[]): Rows {
    let now = 0;
    const rows = new Rows(() => (now += 1000));
    for (const event of events) rows.take(event);
    return rows;
}

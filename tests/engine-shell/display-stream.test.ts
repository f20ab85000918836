/** `--json` of what changes something: Pulumi's engine events. */
import { expect, test } from "@jest/globals";
import { EventStream } from "../../embedded/engine/display/stream.ts";
import type { EngineEvent, StepMetadata } from "../../embedded/engine/events.ts";
import { Secret } from "../../embedded/engine/values.ts";
import { resource, STACK, urn } from "./support.ts";

const THING = urn("pkg:index:Thing", "a");
const state = resource("pkg:index:Thing", "a", { id: "1", parent: STACK, inputs: { token: new Secret("geheim"), n: 1 } });
const step: StepMetadata = {
    op: "update",
    urn: THING,
    type: "pkg:index:Thing",
    provider: "",
    logical: true,
    old: state,
    new: state,
    diffs: ["n"],
    detailedDiff: { n: "update" },
};

function linesOf(...events: EngineEvent[]): Record<string, unknown>[] {
    let text = "";
    const stream = new EventStream((line) => (text += line));
    for (const event of events) stream.take(event);
    stream.finish();
    const lines = text.trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("tells each event on a line, numbered, without what secrets hold", () => {
    const lines = linesOf(
        { type: "prelude", config: { "p:k": "v" } },
        { type: "resource-pre", metadata: step, planning: false },
        { type: "resource-status", urn: THING, text: "waiting" },
        { type: "resource-outputs", metadata: step, planning: false },
        { type: "diagnostic", severity: "debug", message: "nobody reads this" },
        { type: "summary", changes: { update: 1, same: 2 }, durationMs: 1200, planning: false, maybeCorrupt: false },
    );
    expect(lines.map(({ sequence, timestamp, ...body }) => [sequence, typeof timestamp, Object.keys(body)])).toEqual([
        [0, "number", ["preludeEvent"]],
        [1, "number", ["resourcePreEvent"]],
        [2, "number", ["diagnosticEvent"]],
        [3, "number", ["resOutputsEvent"]],
        [4, "number", ["summaryEvent"]],
        [5, "number", ["cancelEvent"]],
    ]);
    const hidden = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "[secret]" };
    const shown = {
        type: "pkg:index:Thing",
        urn: THING,
        custom: true,
        id: "1",
        parent: STACK,
        inputs: { n: 1, token: hidden },
        outputs: {},
        provider: "",
    };
    expect(lines[1]?.["resourcePreEvent"]).toEqual({
        metadata: {
            op: "update",
            urn: THING,
            type: "pkg:index:Thing",
            old: shown,
            new: shown,
            diffs: ["n"],
            detailedDiff: { n: { diffKind: "update", inputDiff: true } },
            logical: true,
            provider: "",
        },
    });
    expect(lines[4]?.["summaryEvent"]).toEqual({
        maybeCorrupt: false,
        durationSeconds: 2,
        resourceChanges: { same: 2, update: 1 },
        PolicyPacks: {},
        isPreview: false,
        result: "succeeded",
    });
    expect(JSON.stringify(lines)).not.toContain("geheim");
});

test.each<[EngineEvent, string]>([
    [{ type: "resource-failed", metadata: step, error: "no" }, "failed"],
    [{ type: "diagnostic", severity: "error", message: "no" }, "failed"],
    [{ type: "diagnostic", severity: "warning", message: "careful" }, "succeeded"],
    [{ type: "cancel" }, "canceled"],
])("sums up what became of it after %j", (event, result) => {
    const lines = linesOf(event, { type: "summary", changes: {}, durationMs: 1, planning: false, maybeCorrupt: false });
    expect(lines.find((line) => "summaryEvent" in line)?.["summaryEvent"]).toMatchObject({ result });
});

test("tells verdicts of policies with the names that Pulumi has for them", () => {
    const pack = { pack: "rules", packVersion: "1.2.3", policy: "no-root" };
    const [load, violation] = linesOf(
        { type: "policy-load", pack: "rules", packVersion: "1.2.3", path: "p" },
        { type: "policy-violation", urn: THING, message: "m", ...pack, description: "", enforcementLevel: "mandatory", severity: "high" },
    );
    expect(load).toHaveProperty("policyLoadEvent", {});
    expect(violation).toHaveProperty("policyEvent", {
        resourceUrn: THING,
        message: "m",
        color: "never",
        policyName: "no-root",
        policyPackName: "rules",
        policyPackVersion: "1.2.3",
        policyPackVersionTag: "1.2.3",
        enforcementLevel: "mandatory",
        severity: "high",
    });
});

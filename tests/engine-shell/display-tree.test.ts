import { expect, test } from "@jest/globals";
import { stripColors, widthOf } from "../../embedded/engine/display/colors.ts";
import { createDisplay } from "../../embedded/engine/display/index.ts";
import { fit } from "../../embedded/engine/display/live.ts";
import type { Row } from "../../embedded/engine/display/rows.ts";
import { treeLines } from "../../embedded/engine/display/tree.ts";
import type { EngineEvent } from "../../embedded/engine/events.ts";
import { Secret } from "../../embedded/engine/values.ts";
import {
    areaPre,
    mapStep,
    OPTIONS,
    POD,
    podPre,
    podStatus,
    podStep,
    recorded,
    rowsOf,
    sameStep,
    stackPre,
    step,
} from "./display-support.ts";
import { urn } from "./support.ts";

test("draws the tree with symbols, names, states, what is awaited, and no unchanged resources", () => {
    const rows = rowsOf([
        stackPre,
        areaPre,
        podPre,
        podStatus,
        { type: "resource-pre", planning: false, metadata: mapStep },
        { type: "resource-outputs", planning: false, metadata: mapStep },
        { type: "resource-pre", planning: false, metadata: sameStep },
        { type: "resource-outputs", planning: false, metadata: sameStep },
    ]);
    const { header, lines } = treeLines(rows, OPTIONS, 12_000, false);
    expect([header, ...lines.map((line) => line.text)]).toEqual([
        "     Type                             Name       Status          Info",
        "     pulumi:pulumi:Stack              trial-dev  running",
        " +   ├─ mcp:area:Area                 area       creating (10s)",
        " +   │  └─ kubernetes:core/v1:Pod     pod        creating (9s)   waiting for 1 of 1 containers: image being pulled",
        " ~   └─ kubernetes:core/v1:ConfigMap  map        updated (1s)    [diff: ~data,+metadata]",
    ]);
});

test("shows unchanged resources on demand", () => {
    const rows = rowsOf([stackPre, { type: "resource-pre", planning: false, metadata: sameStep }]);
    expect(treeLines(rows, { ...OPTIONS, showSames: true }, 0, true).lines.map((l) => l.text.trim().split(/ +/).at(-1))).toEqual([
        "trial-dev",
        "kept",
    ]);
});

test("ends with failures, interruptions and counts of messages", () => {
    const failed: EngineEvent = { type: "resource-failed", metadata: podStep, error: "image not found" };
    const rows = rowsOf([
        stackPre,
        areaPre,
        podPre,
        failed,
        { type: "diagnostic", severity: "warning", message: "slow", urn: POD },
        { type: "resource-pre", planning: false, metadata: mapStep },
    ]);
    const text = treeLines(rows, OPTIONS, 9_000, true).lines.map((line) => line.text.replace(/ {2,}/g, "  "));
    expect(text).toEqual([
        "  pulumi:pulumi:Stack  trial-dev",
        " +  ├─ mcp:area:Area  area  creating (interrupted)",
        " +  │  └─ kubernetes:core/v1:Pod  pod  **creating failed**  1 error; 1 warning",
        " ~  └─ kubernetes:core/v1:ConfigMap  map  updating (interrupted)  [diff: ~data,+metadata]",
    ]);
});

test("gives a resource that failed before its first step a line", () => {
    const rows = rowsOf([stackPre, { type: "diagnostic", severity: "error", message: "not supported", urn: POD }]);
    expect(treeLines(rows, OPTIONS, 0, true).lines[1]?.text).toMatch(/└─ kubernetes:core\/v1:Pod +pod +\*\*failed\*\* +1 error$/);
});

test("shows a replacement as one step in a preview and when it is over", () => {
    const of = urn("random:index/randomId:RandomId", "id");
    const type = "random:index/randomId:RandomId";
    const parts = [
        step("create-replacement", of, type, { logical: false }),
        step("replace", of, type, { detailedDiff: { length: "update-replace" } }),
        step("delete-replaced", of, type, { logical: false }),
    ];
    const events = parts.flatMap((metadata): EngineEvent[] => [
        { type: "resource-pre", planning: false, metadata },
        { type: "resource-outputs", planning: false, metadata },
    ]);
    const line = (n: number, planning: boolean, over: boolean): string | undefined =>
        treeLines(rowsOf([stackPre, ...events.slice(0, n)]), { ...OPTIONS, planning }, 2000, over).lines[1]?.text.replace(/ {2,}/g, "  ");
    expect(line(1, false, false)).toBe(" ++  └─ random:index:RandomId  id  creating replacement (0s)");
    expect(line(6, false, false)).toBe(" --  └─ random:index:RandomId  id  deleted original (3s)  [diff: ~length]");
    expect(line(6, false, true)).toBe(" +-  └─ random:index:RandomId  id  replaced (3s)  [diff: ~length]");
    expect(line(6, true, true)).toBe(" +-  └─ random:index:RandomId  id  replace  [diff: ~length]");
});

test("writes plain lines, diagnostics, outputs and a summary without a terminal", () => {
    const { text, display } = recorded();
    for (const event of [stackPre, areaPre, podPre, podStatus]) display.events(event);
    display.events({ type: "diagnostic", severity: "error", message: "first line\n  second line\n", urn: POD });
    display.events({ type: "resource-failed", metadata: podStep, error: "" });
    display.events({
        type: "summary",
        changes: { create: 1, update: 2, same: 3 },
        durationMs: 61_200,
        planning: false,
        maybeCorrupt: false,
    });
    display.finish({ before: { gone: 1, kept: "x", moved: "a" }, after: { kept: "x", moved: "b", password: new Secret("p") } });
    expect(text()).toBe(
        [
            "Updating (dev):",
            "",
            " +  mcp:area:Area area creating (Ts)",
            " +  kubernetes:core/v1:Pod pod creating (Ts)",
            " +  kubernetes:core/v1:Pod pod **creating failed** error: first line",
            "    pulumi:pulumi:Stack trial-dev",
            " +  mcp:area:Area area creating (interrupted)",
            "",
            "Diagnostics:",
            "  kubernetes:core/v1:Pod (pod):",
            "    error: first line",
            "      second line",
            "",
            "Outputs:",
            "  - gone    : 1",
            '    kept    : "x"',
            '  ~ moved   : "a" => "b"',
            "  + password: [secret]",
            "",
            "Resources:",
            "    + 1 created",
            "    ~ 2 updated",
            "    3 changes. 3 unchanged",
            "",
            "Duration: 1m2s",
            "",
            "",
        ].join("\n"),
    );
});

test("says once that something is being canceled, and how to end at once", () => {
    const { text, display } = recorded();
    display.events({ type: "cancel" });
    expect(text()).toContain("canceling: running steps are asked to end; press Ctrl-C again to end at once");
});

function lineOf(text: string, ended: number | undefined, failed = false): { text: string; row: Row } {
    return { text, row: { ended, failed } as Row };
}

test("shows running resources first when the screen is too small", () => {
    const lines = [
        lineOf("old", 1),
        lineOf("running", undefined),
        lineOf("new", 9),
        lineOf("broken", 2, true),
        lineOf("waiting", undefined),
    ];
    expect(fit(lines, 4, (n) => `… ${n} more`)).toEqual(["running", "broken", "waiting", "… 2 more"]);
    expect(fit(lines, 5, () => "")).toEqual(["old", "running", "new", "broken", "waiting"]);
});

test("never draws more lines than the terminal has, nor longer ones", () => {
    let text = "";
    const display = createDisplay({ ...OPTIONS, live: true, screen: { write: (more) => (text += more), columns: 40, rows: 6 } });
    display.events(stackPre);
    for (let i = 0; i < 30; i++)
        display.events({
            type: "resource-pre",
            planning: false,
            metadata: step("create", urn("kubernetes:core/v1:Pod", `a-long-name-of-a-pod-${i}`), "kubernetes:core/v1:Pod"),
        });
    display.say("remark");
    // A frame begins where the one before is erased.
    const frame = stripColors(text.split("remark\n").at(-1)?.split("\u001b[0J").at(-1) ?? "")
        .trimEnd()
        .split("\n");
    expect(frame.length).toBeGreaterThan(2);
    expect(frame.length).toBeLessThanOrEqual(5);
    for (const line of frame) expect(widthOf(line)).toBeLessThan(40);
    display.finish();
});

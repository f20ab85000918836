import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { colorPaint, cutTo, plainPaint, stripColors, wantsColor, widthOf } from "../../embedded/engine/display/colors.ts";
import { diffLines, type DiffOptions } from "../../embedded/engine/display/diff.ts";
import { DigestBuilder } from "../../embedded/engine/display/digest.ts";
import { createDisplay } from "../../embedded/engine/display/index.ts";
import { fit } from "../../embedded/engine/display/live.ts";
import { Mask } from "../../embedded/engine/display/mask.ts";
import { displayType } from "../../embedded/engine/display/names.ts";
import type { DisplayOptions } from "../../embedded/engine/display/options.ts";
import { Rows, type Row } from "../../embedded/engine/display/rows.ts";
import { durationText, outputLines } from "../../embedded/engine/display/summary.ts";
import { treeLines } from "../../embedded/engine/display/tree.ts";
import type { EngineEvent, StepMetadata, StepOp, StepState } from "../../embedded/engine/events.ts";
import { Secret, Unknown, type PropertyMap } from "../../embedded/engine/values.ts";
import { STACK, urn } from "./support.ts";

const COMPONENT = urn("mcp:area:Area", "area");
const POD = `urn:pulumi:dev::trial::mcp:area:Area$kubernetes:core/v1:Pod::pod`;

function state(of: string, type: string, more: Partial<StepState> = {}): StepState {
    return { urn: of, type, custom: true, inputs: {}, outputs: {}, ...(of === STACK ? {} : { parent: STACK }), ...more };
}

function step(
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

const OPTIONS: DisplayOptions = {
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

function recorded(options: Partial<DisplayOptions> = {}): { text: () => string; display: ReturnType<typeof createDisplay> } {
    let text = "";
    const display = createDisplay({ ...OPTIONS, ...options, screen: { write: (more) => (text += more), columns: 80, rows: 24 } });
    return { text: () => text.replace(/\(\d+(\.\d+)?s\)/g, "(Ts)"), display };
}

/** An update in which a component's pod waits, a config map changes and a secret is there already. */
const stackPre: EngineEvent = { type: "resource-pre", planning: false, metadata: step("same", STACK, "pulumi:pulumi:Stack") };
const areaPre: EngineEvent = { type: "resource-pre", planning: false, metadata: step("create", COMPONENT, "mcp:area:Area") };
const podStep = step("create", POD, "kubernetes:core/v1:Pod", { new: { parent: COMPONENT } });
const podPre: EngineEvent = { type: "resource-pre", planning: false, metadata: podStep };
const podStatus: EngineEvent = { type: "resource-status", urn: POD, text: "waiting for 1 of 1 containers: image being pulled" };
const mapStep = step("update", urn("kubernetes:core/v1:ConfigMap", "map"), "kubernetes:core/v1:ConfigMap", {
    diffs: ["data"],
    detailedDiff: { "data.a": "update", metadata: "add" },
});
const sameStep = step("same", urn("kubernetes:core/v1:Secret", "kept"), "kubernetes:core/v1:Secret");

function rowsOf(events: readonly EngineEvent[]): Rows {
    let now = 0;
    const rows = new Rows(() => (now += 1000));
    for (const event of events) rows.take(event);
    return rows;
}

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

const DIFF: DiffOptions = { paint: plainPaint, planning: true, showSecrets: false, showSames: false };

test("shows what differs, secrets and unknowns by their marks", () => {
    const before = {
        spec: { replicas: 1, image: "a", gone: true, list: [1, 2], __defaults: [] },
        text: "one\ntwo\nthree",
        same: { a: 1 },
        token: new Secret("old"),
        id: "x",
    };
    const after = {
        spec: { replicas: 2, image: "a", list: [1, 3, 4] },
        text: "one\n2\nthree",
        same: { a: 1 },
        token: new Secret("new"),
        id: Unknown.instance,
        added: { k: "v" },
    };
    const metadata = step("update", POD, "kubernetes:core/v1:Pod", {
        old: { id: "default/pod", inputs: before, provider: "p::1" },
        new: { id: "default/pod", inputs: after, provider: "p::1" },
        provider: "p::1",
    });
    expect(diffLines(metadata, 1, DIFF)).toEqual([
        "    ~ kubernetes:core/v1:Pod: (update)",
        "        [id=default/pod]",
        `        [urn=${POD}]`,
        "        [provider=p::1]",
        "        + added: {",
        '              k: "v"',
        "          }",
        '        ~ id   : "x" => [unknown]',
        "        ~ spec : {",
        "            - gone    : true",
        "            ~ list    : [",
        "                ~ [1]: 2 => 3",
        "                + [2]: 4",
        "              ]",
        "            ~ replicas: 1 => 2",
        "          }",
        "        ~ text : ",
        "            - two",
        "            + 2",
        "          ",
        "        ~ token: [secret] => [secret]",
    ]);
    expect(diffLines(metadata, 1, { ...DIFF, showSecrets: true }).at(-1)).toBe('        ~ token: "old" => "new"');
    const hidden = step("update", POD, "kubernetes:core/v1:Pod", {
        old: { inputs: before },
        new: { inputs: after, hideDiff: ["spec.list[1]", "text"] },
    });
    expect(diffLines(hidden, 0, DIFF)).toEqual(expect.arrayContaining(["            ~ [1]: [diff hidden]", "    ~ text : [diff hidden]"]));
});

test("lists no unchanged resources and no parts of a replacement", () => {
    expect(diffLines(sameStep, 1, DIFF)).toEqual([]);
    expect(diffLines(step("create-replacement", POD, "kubernetes:core/v1:Pod", { logical: false }), 1, DIFF)).toEqual([]);
    const unprotected = step("same", POD, "kubernetes:core/v1:Pod", { old: { protect: true }, new: {} });
    expect(diffLines(unprotected, 0, DIFF)[0]).toBe("  kubernetes:core/v1:Pod: (same)");
});

test("makes Pulumi's digest: fields, order, secrets blinded, unknowns by their mark", () => {
    const digest = new DigestBuilder({ showSames: false, suppressOutputs: false });
    const inputs = { data: { b: Unknown.instance, a: new Secret("hidden") } };
    const update = step("update", POD, "kubernetes:core/v1:Pod", {
        old: { id: "i", inputs: {} },
        new: { id: "i", inputs, parent: COMPONENT, provider: "p::1" },
        provider: "p::1",
        diffs: ["data"],
        detailedDiff: { "data.a": "add" },
    });
    const events: EngineEvent[] = [
        { type: "prelude", config: { "trial:a": "1", "trial:s": "[secret]" } },
        { type: "resource-pre", planning: true, metadata: step("same", STACK, "pulumi:pulumi:Stack") },
        { type: "resource-pre", planning: true, metadata: update },
        { type: "resource-pre", planning: true, metadata: sameStep },
        { type: "diagnostic", severity: "warning", message: "careful", urn: POD },
        { type: "diagnostic", severity: "debug", message: "noise" },
        { type: "diagnostic", severity: "info", message: "passing", ephemeral: true },
        { type: "summary", changes: { update: 1, same: 2 }, durationMs: 1.5, planning: true, maybeCorrupt: false },
    ];
    for (const event of events) digest.take(event);
    expect(JSON.parse(digest.text())).toEqual({
        config: { "trial:a": "1", "trial:s": "[secret]" },
        steps: [
            {
                op: "same",
                urn: STACK,
                oldState: { urn: STACK, custom: true, type: "pulumi:pulumi:Stack" },
                newState: { urn: STACK, custom: true, type: "pulumi:pulumi:Stack" },
                detailedDiff: null,
            },
            {
                op: "update",
                urn: POD,
                provider: "p::1",
                oldState: { urn: POD, custom: true, id: "i", type: "kubernetes:core/v1:Pod", parent: STACK },
                newState: {
                    urn: POD,
                    custom: true,
                    id: "i",
                    type: "kubernetes:core/v1:Pod",
                    inputs: { data: { a: "[secret]", b: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" } },
                    parent: COMPONENT,
                    provider: "p::1",
                },
                diffReasons: ["data"],
                detailedDiff: { "data.a": { kind: "add", inputDiff: true } },
            },
        ],
        diagnostics: [{ urn: POD, message: "careful", severity: "warning" }],
        duration: 1_500_000,
        changeSummary: { same: 2, update: 1 },
    });
    expect(Object.keys(digest.build())).toEqual(["config", "steps", "diagnostics", "duration", "changeSummary"]);
    expect(digest.text().startsWith('{\n    "config"')).toBe(true);
});

test("puts what a refresh found in place of what it announced", () => {
    const digest = new DigestBuilder({ showSames: false, suppressOutputs: false });
    digest.take({ type: "resource-pre", planning: true, metadata: step("refresh", POD, "kubernetes:core/v1:Pod") });
    digest.take({ type: "resource-outputs", planning: true, metadata: step("delete", POD, "kubernetes:core/v1:Pod") });
    expect(digest.build().steps?.map((s) => s.op)).toEqual(["delete"]);
});

test("masks every known secret in any text, also quoted, encoded and by single lines", () => {
    const mask = new Mask();
    const key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END KEY-----\n";
    mask.collect({
        a: { b: [new Secret("pass word"), new Secret({ deep: "geheim" })] },
        key: new Secret(key),
        short: new Secret("abc"),
        plain: "visible",
    } as PropertyMap);
    expect(mask.apply("got pass word and pass%20word")).toBe("got [secret] and [secret]");
    expect(mask.apply(`b64 ${Buffer.from("geheim").toString("base64")}`)).toBe("b64 [secret]");
    expect(mask.apply("line MIIEvQIBADANBgkqhkiG9w0B here")).toBe("line [secret] here");
    expect(mask.apply(JSON.stringify({ key }))).toBe('{"key":"[secret]"}');
    expect(mask.apply("abc visible BEGIN")).toBe("abc visible BEGIN");
});

test("leaves no secret of four characters or more in any text around it", () => {
    fc.assert(
        fc.property(
            fc.array(
                fc.string({ minLength: 4, maxLength: 12 }).filter((s) => s.trim().length >= 4 && !"[secret]".includes(s)),
                { minLength: 1, maxLength: 5 },
            ),
            fc.string(),
            (secrets, around) => {
                const mask = new Mask();
                for (const secret of secrets) mask.add(secret);
                const shown = mask.apply(secrets.map((secret) => around + secret).join(around)).replaceAll("[secret]", "\u0000");
                for (const secret of secrets) expect(shown).not.toContain(secret);
            },
        ),
    );
});

test("shortens types as Pulumi does", () => {
    expect(displayType("random:index/randomPassword:RandomPassword")).toBe("random:index:RandomPassword");
    expect(displayType("kubernetes:core/v1:Pod")).toBe("kubernetes:core/v1:Pod");
    expect(displayType("pulumi:providers:random")).toBe("pulumi:providers:random");
});

test("cuts coloured lines by what is seen", () => {
    expect(cutTo(colorPaint("red", "abcdef"), 4)).toBe("\u001b[31mabc…\u001b[0m");
    expect(stripColors(cutTo(`ab${colorPaint("red", "cdef")}gh`, 6))).toBe("abcde…");
    expect(cutTo("abc", 3)).toBe("abc");
});

test("honours the colour switches", () => {
    const saved = { ...process.env };
    try {
        for (const name of ["NO_COLOR", "FORCE_COLOR", "TERM"]) delete process.env[name];
        expect(wantsColor(undefined, { isTTY: true })).toBe(true);
        expect(wantsColor(undefined, {})).toBe(false);
        expect(wantsColor("always", {})).toBe(true);
        expect(wantsColor("never", { isTTY: true })).toBe(false);
        process.env["NO_COLOR"] = "1";
        expect(wantsColor(undefined, { isTTY: true })).toBe(false);
        expect(wantsColor("always", { isTTY: true })).toBe(true);
    } finally {
        process.env = saved;
    }
});

test("writes durations and outputs of several lines", () => {
    expect([999, 61_000, 3_600_000].map(durationText)).toEqual(["1s", "1m1s", "1h0m0s"]);
    expect(outputLines({}, { a: { b: [1] } }, { showSecrets: false }, plainPaint)).toEqual([
        "Outputs:",
        "  + a: {",
        "        b: [",
        "            [0]: 1",
        "        ]",
        "    }",
        "",
    ]);
});

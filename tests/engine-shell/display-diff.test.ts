import { expect, test } from "@jest/globals";
import { plainPaint } from "../../embedded/engine/display/colors.ts";
import { diffLines, type DiffOptions } from "../../embedded/engine/display/diff.ts";
import { DigestBuilder } from "../../embedded/engine/display/digest.ts";
import type { EngineEvent } from "../../embedded/engine/events.ts";
import { Secret, Unknown } from "../../embedded/engine/values.ts";
import { COMPONENT, POD, sameStep, step } from "./display-support.ts";
import { STACK } from "./support.ts";

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

/** How verdicts are shown: the block after the resources, line by line with `--diff`, and the digest. */
import { expect, test } from "@jest/globals";
import { DigestBuilder } from "../../embedded/engine/display/digest.ts";
import type { EngineEvent, PolicyViolationEvent } from "../../embedded/engine/events.ts";
import { Secret, Unknown } from "../../embedded/engine/values.ts";
import { recorded, stackPre } from "../engine-shell/display-support.ts";
import { urn } from "../engine-shell/support.ts";

const MAP = urn("kubernetes:core/v1:ConfigMap", "map");

function violation(more: Partial<PolicyViolationEvent>): PolicyViolationEvent {
    return {
        type: "policy-violation",
        urn: MAP,
        message: "What the rule is about.\nWhat is wrong.\n",
        pack: "strict",
        packVersion: "1.0.0",
        policy: "rule",
        description: "What the rule is about.",
        enforcementLevel: "advisory",
        ...more,
    };
}

const load = (pack: string): EngineEvent => ({ type: "policy-load", pack, packVersion: "1.0.0", path: `./${pack}` });
const remediation = (policy: string): EngineEvent => ({
    type: "policy-remediation",
    urn: MAP,
    pack: "strict",
    packVersion: "1.0.0",
    policy,
    before: { a: 1, token: new Secret("geheim") },
    after: { a: 2, token: new Secret("geheim"), b: Unknown.instance },
});
const summary: EngineEvent = { type: "summary", changes: { create: 1 }, durationMs: 1, planning: true, maybeCorrupt: false };
const judged: readonly EngineEvent[] = [
    load("strict"),
    load("content"),
    load("lenient"),
    stackPre,
    violation({ pack: "lenient", urn: undefined, policy: "hint" }),
    violation({ policy: "z-rule" }),
    violation({ policy: "b-rule", enforcementLevel: "mandatory", severity: "low" }),
    violation({ policy: "a-rule", enforcementLevel: "mandatory", severity: "high" }),
    remediation("mends"),
    remediation("mends"),
    remediation("fixes"),
    summary,
];

test("packs are listed by name, violations by gravity, and a mandatory one is the last word", () => {
    const { display, text } = recorded({ planning: true });
    for (const event of judged) display.events(event);
    display.finish();
    expect(text().slice(text().indexOf("Policies:"))).toBe(
        [
            "Policies:",
            "    ✅ content@v1.0.0 (local: ./content)",
            "    ⚠️ lenient@v1.0.0 (local: ./lenient)",
            "        - [advisory]  hint",
            "          What the rule is about.",
            "          What is wrong.",
            "    ❌ strict@v1.0.0 (local: ./strict)",
            "        - [remediate]  fixes  (1 resource)",
            "        - [remediate]  mends  (2 resources)",
            "        - [mandatory] [severity: high]  a-rule  (kubernetes:core/v1:ConfigMap: map)",
            "          What the rule is about.",
            "          What is wrong.",
            "        - [mandatory] [severity: low]  b-rule  (kubernetes:core/v1:ConfigMap: map)",
            "          What the rule is about.",
            "          What is wrong.",
            "        - [advisory]  z-rule  (kubernetes:core/v1:ConfigMap: map)",
            "          What the rule is about.",
            "          What is wrong.",
            "",
            "",
        ].join("\n"),
    );
});

test("remediations are listed one by one on demand, in their order", () => {
    const { display, text } = recorded({ planning: true, showPolicyRemediations: true });
    for (const event of [load("strict"), stackPre, remediation("mends"), remediation("fixes")]) display.events(event);
    display.finish();
    expect(text()).toContain(
        [
            "    ✅ strict@v1.0.0 (local: ./strict)",
            "        - [remediate]  mends  (kubernetes:core/v1:ConfigMap: map) [~a,+b]",
            "        - [remediate]  fixes  (kubernetes:core/v1:ConfigMap: map) [~a,+b]",
            "",
        ].join("\n"),
    );
});

test("advisory violations leave the summary where it is", () => {
    const { display, text } = recorded({ planning: true });
    for (const event of [load("strict"), stackPre, violation({}), summary]) display.events(event);
    display.finish();
    expect(text()).toContain("⚠️ strict@v1.0.0");
    expect(text()).toContain("Resources:\n    + 1 to create");
});

test("with --diff verdicts are told as they come, and the packs at the end", () => {
    const { display, text } = recorded({ planning: true, diff: true });
    for (const event of [load("strict"), violation({ enforcementLevel: "mandatory" }), remediation("mends")]) display.events(event);
    display.finish();
    expect(text().slice(text().indexOf("    strict"))).toBe(
        [
            "    strict@v1.0.0 [mandatory]  rule  (kubernetes:core/v1:ConfigMap: map)",
            "    What the rule is about.",
            "    What is wrong.",
            "    strict@v1.0.0 [remediate]  mends  (kubernetes:core/v1:ConfigMap: map)",
            "        ~ a: 1 => 2",
            "        + b: [unknown]",
            "",
            "Policy Packs run:",
            "    Name    Version",
            "    strict  1.0.0",
            "",
            "",
        ].join("\n"),
    );
});

test("the digest lists violations and remediations, without secrets, and an empty list when packs found nothing", () => {
    const digest = new DigestBuilder({ showSames: false, suppressOutputs: false });
    digest.take(load("strict"));
    expect(digest.build().policyViolations).toEqual([]);
    digest.take(violation({ enforcementLevel: "mandatory", severity: "critical" }));
    digest.take(violation({ urn: undefined }));
    digest.take(remediation("mends"));
    const of = { policyPackName: "strict", policyPackVersion: "1.0.0" };
    expect(digest.build()).toEqual({
        policyViolations: [
            {
                resourceUrn: MAP,
                message: "What the rule is about.\nWhat is wrong.\n",
                policyName: "rule",
                ...of,
                enforcementLevel: "mandatory",
                severity: "critical",
            },
            { message: "What the rule is about.\nWhat is wrong.\n", policyName: "rule", ...of, enforcementLevel: "advisory" },
        ],
        policyRemediations: [
            {
                resourceUrn: MAP,
                policyName: "mends",
                ...of,
                before: { a: 1, token: "[secret]" },
                after: { a: 2, b: "04da6b54-80e4-46f7-96ec-b56ff0331ba9", token: "[secret]" },
            },
        ],
    });
    expect(new DigestBuilder({ showSames: false, suppressOutputs: false }).build()).toEqual({});
});

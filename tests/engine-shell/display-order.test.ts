import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { createDisplay } from "../../embedded/engine/display/index.ts";
import { DigestBuilder } from "../../embedded/engine/display/digest.ts";
import type { EngineEvent, StepState } from "../../embedded/engine/events.ts";
import { OPTIONS } from "./display-support.ts";

const urn = (chain: string, name: string) => `urn:pulumi:dev::shop::${chain}::${name}`;
const STACK = urn("pulumi:pulumi:Stack", "shop-dev");

function events(chain: string, name: string, parent?: string, ...between: EngineEvent[]): EngineEvent[] {
    const type = chain.split("$").at(-1) ?? "";
    const state: StepState = { urn: urn(chain, name), type, custom: true, inputs: {}, outputs: {}, ...(parent && { parent }) };
    const metadata = { op: "create", urn: state.urn, type, provider: "", logical: true, new: state } as const;
    return [{ type: "resource-pre", metadata, planning: true }, ...between, { type: "resource-outputs", metadata, planning: true }];
}

const PLAN: readonly (readonly EngineEvent[])[] = [
    events("pulumi:pulumi:Stack", "shop-dev"),
    events("shop:index:Part", "b", STACK),
    events("shop:index:Part", "a", STACK, { type: "diagnostic", severity: "warning", message: "of a", urn: urn("shop:index:Part", "a") }),
    events("shop:index:Part$random:index/randomPet:RandomPet", "pet", urn("shop:index:Part", "b")),
    events("shop:index:Part$random:index/randomId:RandomId", "id", urn("shop:index:Part", "b")),
    [{ type: "diagnostic", severity: "warning", message: "of the stack" }],
];
const SUMMARY: EngineEvent = { type: "summary", changes: { create: 5 }, durationMs: 1, planning: true, maybeCorrupt: false };

function shown(parts: readonly (readonly EngineEvent[])[], diff: boolean): string {
    let text = "";
    const screen = { ...OPTIONS.screen, write: (part: string) => void (text += part) };
    const display = createDisplay({ ...OPTIONS, kind: "preview", planning: true, diff, screen });
    for (const event of [...parts.flat(), SUMMARY]) display.events(event);
    display.finish();
    return text;
}

const anyOrder = fc.shuffledSubarray([...PLAN], { minLength: PLAN.length });

test("a preview reads the same whatever order resources were looked at in: parents first, then by type and name", () => {
    const expected = shown(PLAN, false);
    const names = [...expected.matchAll(/^ \+ .* (\S+) create/gm)].map(([, name]) => name);
    expect(names).toEqual(["a", "b", "id", "pet", "shop-dev"]);
    fc.assert(fc.property(anyOrder, fc.boolean(), (parts, diff) => expect(shown(parts, diff)).toBe(shown(PLAN, diff))));
});

function digest(parts: readonly (readonly EngineEvent[])[]) {
    const builder = new DigestBuilder({ showSames: false, suppressOutputs: false });
    for (const event of parts.flat()) if (event.type !== "diagnostic") builder.take(event);
    return builder.build().steps?.map((step) => step.urn.split("::").at(-1));
}

test("its digest lists the steps in that order too", () => {
    expect(digest(PLAN)).toEqual(["shop-dev", "a", "b", "id", "pet"]);
    fc.assert(fc.property(anyOrder, (parts) => expect(digest(parts)).toEqual(digest(PLAN))));
});

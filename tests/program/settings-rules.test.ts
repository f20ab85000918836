import { describe, expect, test } from "@jest/globals";
import { CAUTIONS, RULES } from "../../infra/rules/index.ts";
import type { Rule } from "../../infra/rules/rule.ts";
import { cautionsOf, parseSettings, settingsSchema, SettingsError } from "../../infra/settings.ts";
import { configurationOf, type GivenSettings } from "../support/settings-arbitrary.ts";
import type { RuleCase } from "./settings-cases/case.ts";
import { cautionCases } from "./settings-cases/cautions.ts";
import { edgeCases } from "./settings-cases/edge.ts";
import { platformCases } from "./settings-cases/platform.ts";
import { strictCases } from "./settings-cases/strict.ts";
import { topologyCases } from "./settings-cases/topology.ts";

const parse = (settings: GivenSettings, secretKeys: readonly string[] = []) => parseSettings(configurationOf(settings), { secretKeys });

function problemsOf(settings: GivenSettings, secretKeys: readonly string[] = []): readonly string[] {
    try {
        parse(settings, secretKeys);
        return [];
    } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        return error.problems;
    }
}

const named = (cases: readonly RuleCase[]) => cases.map((one, index) => [`${one.rule} ${index}`, one] as const);
const cases = [...topologyCases, ...edgeCases, ...platformCases, ...strictCases];

describe("settings that break a rule are refused with every sentence it has to say, and those beside them are not", () => {
    test.each(named(cases))("%s", (_name, { accepted, refused, says, secretKeys = [[], []] }) => {
        expect(problemsOf(accepted, secretKeys[0])).toEqual([]);
        expect(problemsOf(refused, secretKeys[1])).toEqual(says);
    });
});

describe("settings that deserve a word are accepted with a warning", () => {
    test.each(named(cautionCases))("%s", (_name, { accepted, refused, says }) => {
        expect(cautionsOf(parse(accepted))).toEqual([]);
        expect(cautionsOf(parse(refused))).toEqual(says);
    });
});

const ids = (rules: readonly Rule[]) => rules.map(({ id }) => id).toSorted();
const broken = (list: readonly RuleCase[]) => [...new Set(list.map(({ rule }) => rule))].toSorted();

test("every rule is broken by a case", () => {
    expect(broken(cases)).toEqual(ids(RULES));
    expect(broken(cautionCases)).toEqual(ids(CAUTIONS));
});

test("every case is answered by the rule that it is of", () => {
    const silent = [...cases, ...cautionCases].filter(({ rule, refused, secretKeys }) => {
        const found = [...RULES, ...CAUTIONS].find(({ id }) => id === rule);
        const keys = new Set((secretKeys?.[1] ?? []).map((key) => key.replace("mcp-platform:", "")));
        return !found?.check(settingsSchema.parse(refused), { secretKeys: keys }).length;
    });
    expect(silent).toEqual([]);
});

import { describe, expect, test } from "@jest/globals";
import { parseSettings, SettingsError } from "../../infra/settings.ts";
import { configurationOf } from "../support/settings-arbitrary.ts";

const SECRET = "hunter2-of-the-registry";

function problemsOf(settings: object, secretKeys: readonly string[]): readonly string[] {
    try {
        parseSettings(configurationOf(settings), { secretKeys });
        return [];
    } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        return error.problems;
    }
}

const external = (fields: object) => ({ registry: { mode: "external", url: "images.example.com", username: "ci", ...fields } });
const encrypted = ["mcp-platform:registry"];

test("a password that is encrypted is accepted, and one in plain text is not", () => {
    expect(problemsOf(external({ password: SECRET }), encrypted)).toEqual([]);
    expect(problemsOf(external({ password: SECRET }), [])).toEqual([expect.stringContaining("registry.password is plain text: ")]);
    expect(problemsOf(external({ password: SECRET }), ["mcp-platform:servers"])).toHaveLength(2);
});

test("what goes with a value that could not be read is not judged", () => {
    const config = configurationOf({ platformMode: "public" });
    expect(() => parseSettings(config)).toThrow("login is missing");
    expect(parseSettings(config, { unreadKeys: ["mcp-platform:login"] }).platformMode).toBe("public");
});

test("keys of other packages may be encrypted", () => {
    expect(problemsOf(external({ password: SECRET }), [...encrypted, "aws:secretKey"])).toEqual([]);
});

describe("no message shows a secret", () => {
    test.each<[string, object, readonly string[], string]>([
        ["of another type", external({ password: { value: SECRET } }), [], "registry.password has a value that is not shown: give text"],
        ["that is too long", external({ password: SECRET.repeat(100) }), encrypted, "registry.password has a value that is not shown: "],
        ["in a place for another", external({ url: [SECRET] }), encrypted, "registry.url has a value that is not shown: "],
        ["in the whole setting", { registry: SECRET }, encrypted, "registry has a value that is not shown: give an object"],
        ["beside a mistake", { registry: [{ password: SECRET }] }, [], 'registry is [{"password":"(hidden)"}]: give an object'],
        ["in a URL", external({ url: `ci:${SECRET}@images.example.com` }), [], 'registry.url is "(hidden)@images.example.com"'],
        [
            "in another URL",
            { npmRegistry: `https://ci:${SECRET}@npm.example.com/` },
            [],
            'npmRegistry is "https://(hidden)@npm.example.com/"',
        ],
        ["in a key that is not known", external({ pasword: SECRET }), [], "registry.pasword is not a setting: did you mean password?"],
    ])("%s", (_what, settings, keys, problem) => {
        const problems = problemsOf(settings, keys);
        expect(problems).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
        expect(problems.join("\n")).not.toContain(SECRET);
    });

    test("and what can only be a word of the schema is shown beside one", () => {
        expect(problemsOf({ registry: { mode: "extern", password: SECRET } }, encrypted)).toEqual([
            'mcp-platform:registry.mode is "extern": use "bundled-https", "bundled-http", "external" or "kind-container"',
        ]);
    });
});

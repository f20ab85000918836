import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { readSettings } from "../../infra/configuration.ts";
import { configurationOf } from "../support/settings-arbitrary.ts";

const said: string[] = [];
beforeEach(() => {
    said.length = 0;
    jest.spyOn(console, "warn").mockImplementation((...words: unknown[]) => void said.push(words.join(" ")));
});
afterEach(() => {
    jest.restoreAllMocks();
});

const external = { registry: { mode: "external", url: "images.example.com", username: "ci", password: "hunter2" } };

test("the program takes from the engine which settings are encrypted", () => {
    pulumi.runtime.setAllConfig(configurationOf(external), ["mcp-platform:registry"]);
    expect(readSettings().registry).toEqual(external.registry);
});

test("what is not encrypted is refused with a RunError, which engines show without a stack", () => {
    pulumi.runtime.setAllConfig(configurationOf({ ...external, platformMode: "public" }));
    expect(() => readSettings()).toThrow(pulumi.RunError);
    expect(() => readSettings()).toThrow(
        /^2 settings are wrong:\n {2}mcp-platform:registry\.password is plain text: .*\n {2}mcp-platform:login is missing/,
    );
});

test("what is allowed with a warning is said, and nothing else", () => {
    pulumi.runtime.setAllConfig(configurationOf({}));
    readSettings();
    expect(said).toEqual([]);
    const tls = { mode: "acme", email: "ops@example.com", directory: "staging" };
    pulumi.runtime.setAllConfig(configurationOf({ domain: "example.com", tls, topology: { kind: "embedded", gatewayPort: 80 } }));
    readSettings();
    expect(said).toEqual([expect.stringContaining('mcp-platform:tls.directory is "staging": its certificates are trusted by no client')]);
});

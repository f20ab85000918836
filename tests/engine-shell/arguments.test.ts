import { expect, test } from "@jest/globals";
import { nearest, readArguments } from "../../embedded/engine/commands/arguments.ts";
import { agreed, EXPORT, OUTPUT, parallelOf, PREVIEW, scopeOf, UP } from "../../embedded/engine/commands/options.ts";
import { parseStackName } from "../../embedded/engine/commands/workspace.ts";

test("reads Pulumi's options, long and short", () => {
    const { values, positionals } = readArguments(
        "up",
        [
            "-s",
            "dev",
            "-C",
            "/x",
            "-yfO",
            "--parallel=4",
            "-m",
            "why",
            "--refresh=true",
            "--diff=false",
            "--show-secrets",
            "-t",
            "a",
            "--target=b",
        ],
        UP,
    );
    expect({ ...values }).toEqual({
        stack: "dev",
        cwd: "/x",
        yes: true,
        "skip-preview": true,
        "suppress-outputs": true,
        parallel: "4",
        message: "why",
        refresh: true,
        diff: false,
        "show-secrets": true,
        target: ["a", "b"],
    });
    expect(positionals).toEqual([]);
});

test.each([
    "--target-replace",
    "--replace",
    "--run-program",
    "--exclude-protected",
    "--show-reads",
    "--logtostderr",
    "-c",
    "--secrets-provider",
])("refuses %s by name", (option) => {
    const long = { "-c": "--config" }[option] ?? option.replace(/=.*/, "");
    expect(() => readArguments("preview", [option, "value"], PREVIEW)).toThrow(
        `${long} is not supported by the embedded engine. Leave it out, or use the official Pulumi CLI.`,
    );
});

test.each([
    [["--stak", "dev"], '"preview" has no option --stak. Did you mean --stack?'],
    [["--yes"], /^"preview" has no option --yes\. It has: --stack, --cwd, /],
    [["--stack"], "--stack needs a value: the stack; default"],
    [["--stack", "--json"], "--stack needs a value"],
    [["--json=maybe"], '--json takes no value except true or false, found "maybe"'],
    [["dev"], '"preview" takes no arguments, found "dev"'],
    [["--constructor"], '"preview" has no option --constructor'],
])("refuses %j with a sentence", (args, sentence) => {
    expect(() => readArguments("preview", args, PREVIEW)).toThrow(sentence);
});

test("takes the names that a command has, and no more", () => {
    expect(readArguments("stack output", ["url", "-j"], OUTPUT, ["name"]).positionals).toEqual(["url"]);
    expect(() => readArguments("stack output", ["url", "more"], OUTPUT, ["name"])).toThrow(
        '"stack output" takes only [name], found "more"',
    );
    expect(readArguments("stack export", ["--file", "-"], EXPORT).values.file).toBe("-");
});

test("checks --parallel", () => {
    expect(parallelOf({})).toBe(16);
    expect(parallelOf({ parallel: "0" })).toBe(0);
    for (const parallel of ["-1", "1.5", "many"]) {
        expect(() => parallelOf({ parallel })).toThrow(`--parallel must be a whole number (0: no limit), found "${parallel}"`);
    }
});

test("reads the forms of a stack's name", () => {
    for (const name of ["dev", "organization/dev", "organization/trial/dev"]) expect(parseStackName(name, "trial")).toBe("dev");
    expect(() => parseStackName("me/trial/dev", "trial")).toThrow('A file backend has one organization, "organization"; found "me"');
    expect(() => parseStackName("organization/other/dev", "trial")).toThrow('belongs to the project "other"');
    for (const name of ["a b", "a/b/c/d", "", "..", "organization/."])
        expect(() => parseStackName(name, "trial")).toThrow("is no name of a stack");
});

test("finds what was meant", () => {
    expect(nearest("embeded", ["embedded", "prod"])).toBe("embedded");
    expect(nearest("xyz", ["embedded", "prod"])).toBeUndefined();
});

test.each([
    [{}, undefined],
    [{ target: ["a"] }, { targets: ["a"], targetDependents: false, excludes: [], excludeDependents: false }],
    [
        { exclude: ["a", "b"], "exclude-dependents": true },
        { targets: [], targetDependents: false, excludes: ["a", "b"], excludeDependents: true },
    ],
])("takes what an operation is about from %j", (options, scope) => {
    expect(scopeOf(options)).toEqual(scope);
});

test.each([
    [{ target: ["a"], exclude: ["b"] }, "--target and --exclude cannot be used together"],
    [{ "target-dependents": true }, "--target-dependents says what to do with the dependents of a --target: name one."],
    [{ target: ["a"], "exclude-dependents": true }, "--exclude-dependents says what to do"],
])("refuses %j", (options, sentence) => {
    expect(() => scopeOf(options)).toThrow(sentence);
});

test.each([
    [{ yes: true }, "", true],
    [{ "skip-preview": true }, "", true],
    [{}, "true", true],
    [{}, "1", true],
    [{}, "false", false],
    [{}, "", false],
])("with %j and PULUMI_SKIP_CONFIRMATIONS=%j the user has agreed: %j", (options, variable, result) => {
    process.env["PULUMI_SKIP_CONFIRMATIONS"] = variable;
    try {
        expect(agreed(options)).toBe(result);
    } finally {
        delete process.env["PULUMI_SKIP_CONFIRMATIONS"];
    }
});

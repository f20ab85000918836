import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { ownFrames } from "../../embedded/engine/host/frames.ts";
import { double, World } from "./support/double.ts";
import { runProgram, type Ran } from "./support/runs.ts";

const root = mkdtempSync(join(tmpdir(), "program-"));
writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module" }));
afterAll(() => rmSync(root, { recursive: true }));

function run(source: string): Promise<Ran> {
    writeFileSync(join(root, "main.ts"), source);
    return runProgram({ program: "main.ts", providers: {}, project: { root } });
}

describe("a program that fails", () => {
    const header = `error: Running program '${join(root, "main.ts")}' failed with an unhandled exception:\n`;

    test.each<[string, string, string[]]>([
        [
            "shows its own frames only",
            'const inner = (): never => {\n  throw new Error("the program\'s own mistake");\n};\ninner();',
            [`${header}Error: the program's own mistake\n    at inner (main.ts:2:9)\n    at main.ts:4:1`],
        ],
        [
            "says which import it misses",
            'import "./nowhere.ts";',
            [`${header}Error: Cannot find module '${join(root, "nowhere.ts")}' imported from ${join(root, "main.ts")}`],
        ],
        [
            "says where its syntax is wrong",
            "const a = 1;\nconst b = ;",
            [`${header}file://${join(root, "main.ts")}:2\nconst a = 1;\nconst b = ;\n          ^\n\nSyntaxError: Expression expected`],
        ],
        ["shows a text that it throws", 'throw "a text";', [`${header}a text`]],
        [
            "shows an object that it throws",
            "throw { code: 7 };",
            [
                "info#err: The program threw { code: 7 }, which is no Error. Throw an Error that says what is wrong.",
                `${header}[object Object]`,
            ],
        ],
        [
            "is told when it throws nothing",
            "throw undefined;",
            [
                "info#err: The program threw undefined, which is no Error. Throw an Error that says what is wrong.",
                "error: The program ended with exit code 1.",
            ],
        ],
    ])("%s", async (_what, source, expected) => {
        const ran = await run(source);
        expect(ran.failed).toBe(true);
        expect(ran.diagnostics).toEqual(expected);
    });
});

describe("a message", () => {
    test("keeps causes and properties, without frames of Node and of packages, and without colours", () => {
        const message = [
            "Error: outer",
            "    at \u001B[90mfile:///project/\u001B[39mmain.ts:2:40",
            "\u001B[90m    at ModuleJob.run (node:internal/modules/esm/module_job:561:25)\u001B[39m",
            "    ... 3 lines matching cause stack trace ...",
            "    at Stack.initialize (/project/node_modules/@pulumi/pulumi/runtime/stack.ts:79:28) {",
            "  status: 404,",
            "  [cause]: Error: inner",
            "      at inner (/project/lib/a.ts:1:33)",
            "}",
        ].join("\n");
        expect(ownFrames(message, "/project").split("\n")).toEqual([
            "Error: outer",
            "    at main.ts:2:40 {",
            "  status: 404,",
            "  [cause]: Error: inner",
            "      at inner (lib/a.ts:1:33)",
            "}",
        ]);
    });

    test("without a stack is left as it is", () => {
        const message = "\u001B[31mred\u001B[39m { code: 'X'\n}";
        expect(ownFrames(message, "/project")).toBe(message);
    });
});

async function interrupted(name: string): Promise<[Ran, World]> {
    const world = new World();
    const controller = new AbortController();
    const ran = await runProgram({
        program: "interrupted.ts",
        providers: { double: double(world) },
        config: { "test:case": name },
        signal: controller.signal,
        onEvent: (event) => {
            if (event.type === "diagnostic" && event.message === `${name} runs`) controller.abort();
        },
    });
    return [ran, world];
}

describe("Ctrl-C while a function of the program runs", () => {
    test("does not wait for a transform", async () => {
        const [ran, world] = await interrupted("transform");
        expect(ran.canceled).toBe(true);
        expect(world.calls).toEqual([]);
        expect(ran.diagnostics).toEqual(["info: transform runs"]);
    });

    test("waits for a hook before a step, which then does not begin", async () => {
        const [ran, world] = await interrupted("beforeCreate");
        expect(ran.canceled).toBe(true);
        expect(ran.diagnostics).toEqual(["info: beforeCreate runs", "info: beforeCreate ends"]);
        expect(world.calls).toEqual([]);
        expect(ran.snapshot.pendingOperations).toEqual([]);
    });

    test("waits for a hook after a step, whose resource is in the state", async () => {
        const [ran, world] = await interrupted("afterCreate");
        expect(ran.canceled).toBe(true);
        expect(ran.diagnostics).toEqual(["info: afterCreate runs", "info: afterCreate ends"]);
        expect(world.names()).toEqual(["a"]);
        expect(ran.snapshot.resources.filter(({ custom }) => custom).map(({ urn }) => urn)).toEqual(
            expect.arrayContaining([expect.stringMatching(/::a$/)]),
        );
    });
});

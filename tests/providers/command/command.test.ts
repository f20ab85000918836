import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Unknown, type PropertyMap } from "../../../embedded/engine/values.ts";
import { commandProvider } from "../../../embedded/providers/command/index.ts";
import { contextOf, urnOf } from "../shared/operations.ts";

const provider = commandProvider();
const urn = urnOf("command:local:Command", "push");
const create = (inputs: PropertyMap, context = contextOf()) => provider.create(urn, inputs, context);

async function failureOf(operation: Promise<unknown>): Promise<string> {
    return operation.then(
        () => "it worked",
        (error: Error) => error.message,
    );
}

/** Whether a process still runs; one that only waits to be collected by its parent does not. */
const alive = (pid: number) => /\) [^Z]/.test(statusOf(pid));

function statusOf(pid: number): string {
    try {
        return readFileSync(`/proc/${pid}/stat`, "utf8");
    } catch {
        return "";
    }
}

async function logged(inputs: PropertyMap): Promise<string[]> {
    const context = contextOf();
    await create({ create: "echo out; echo err >&2", ...inputs }, context);
    return context.logged.toSorted();
}

const script = (file: string) => `sleep 60 & echo $! >> ${file}; echo $$ >> ${file}; wait`;

async function groupOf(file: string): Promise<number[]> {
    for (let attempt = 0; attempt < 100; attempt++) {
        const pids = await readFile(file, "utf8").catch(() => "");
        if (pids.trim().split("\n").length === 2) return pids.trim().split("\n").map(Number);
        await delay(20);
    }
    throw new Error("the command did not start");
}

const olds = (inputs: PropertyMap) => ({ inputs, outputs: { ...inputs, stdout: "old out", stderr: "old err" } });
const update = (inputs: PropertyMap) => provider.update("push1", urn, olds(inputs), inputs, [], contextOf());
const diff = (before: PropertyMap, after: PropertyMap) => provider.diff("push1", urn, olds(before), after, [], contextOf());

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "command-"))));
afterEach(() => rm(folder, { recursive: true }));

describe("create", () => {
    test("runs in its folder with its environment and input, and returns both outputs without the last line feed", async () => {
        const { id, outs } = await create({
            create: 'cat; echo " $GREETING"; pwd; echo problem >&2',
            dir: folder,
            stdin: "hello",
            environment: { GREETING: "world" },
        });
        expect(id).toMatch(/^push[0-9a-f]{8}$/);
        expect(outs).toMatchObject({ stdout: `hello world\n${folder}`, stderr: "problem", stdin: "hello" });
    });

    test("uses another interpreter", async () => {
        const { outs } = await create({ create: "process.stdout.write(String(6 * 7))", interpreter: [process.execPath, "-e"] });
        expect(outs.stdout).toBe("42");
    });

    test("runs nothing in a preview", async () => {
        const { outs } = await create({ create: `touch ${folder}/made` }, contextOf({ preview: true }));
        expect(outs.stdout).toBe(Unknown.instance);
        await expect(readFile(join(folder, "made"))).rejects.toThrow("ENOENT");
    });

    test("logs what the setting says", async () => {
        expect(await logged({})).toEqual(["info: err", "info: out"]);
        expect(await logged({ logging: "stderr" })).toEqual(["info: err"]);
        expect(await logged({ logging: "none" })).toEqual([]);
    });

    test("a background process that keeps the output open does not hold it up", async () => {
        const started = Date.now();
        const { outs } = await create({ create: "sleep 20 & echo $!" });
        expect(Date.now() - started).toBeLessThan(5000);
        process.kill(Number(outs.stdout), "SIGKILL");
    });
});

describe("failure", () => {
    test("says how the command ended and what it printed", async () => {
        expect(await failureOf(create({ create: "echo before; sleep 0.1; echo no such image >&2; exit 3" }))).toBe(
            "exit status 3\nbefore\nno such image",
        );
    });

    test("shows neither standard input nor environment values, whatever the command prints", async () => {
        const context = contextOf();
        const message = await failureOf(
            create(
                {
                    create: 'cat; echo "token is $TOKEN" >&2; exit 1',
                    stdin: "correct horse\nbattery staple\n",
                    environment: { TOKEN: "s3cr3t-t0ken" },
                },
                context,
            ),
        );
        for (const shown of [message, ...context.logged, ...context.said]) {
            for (const secret of ["correct horse", "battery staple", "s3cr3t-t0ken"]) expect(shown).not.toContain(secret);
        }
        expect(message).toContain("token is [TOKEN]");
        expect(context.logged).toContain("info: [stdin]");
    });

    test("shows no output with logging none", async () => {
        const context = contextOf();
        expect(await failureOf(create({ create: "echo private; exit 1", logging: "none" }, context))).toBe(
            "exit status 1\n(its output is not shown: logging is none)",
        );
        expect([...context.logged, ...context.said]).toEqual([]);
    });

    test("names a folder or an interpreter that is missing", async () => {
        expect(await failureOf(create({ create: "true", dir: join(folder, "gone") }))).toContain(
            `dir: there is no folder "${folder}/gone"`,
        );
        expect(await failureOf(create({ create: "true", interpreter: ["/no/such/shell"] }))).toContain("cannot start /no/such/shell");
    });
});

describe("cutting short", () => {
    test("an interrupt ends the command and what it started", async () => {
        const interrupt = new AbortController();
        const file = join(folder, "pids");
        const failure = failureOf(create({ create: script(file) }, contextOf({ signal: interrupt.signal })));
        const pids = await groupOf(file);
        expect(pids.map(alive)).toEqual([true, true]);
        interrupt.abort();
        expect(await failure).toBe("interrupted");
        await delay(100);
        expect(pids.map(alive)).toEqual([false, false]);
    });

    test("so does the time limit", async () => {
        const file = join(folder, "pids");
        expect(await failureOf(create({ create: script(file) }, contextOf({ timeoutSeconds: 0.5 })))).toBe("not ended after 0.5 s");
        await delay(100);
        expect((await groupOf(file)).map(alive)).toEqual([false, false]);
    });
});

describe("update and delete", () => {
    test("runs update, or create where there is none, with the previous output in the environment", async () => {
        const print = 'echo "$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"';
        expect((await update({ create: "echo c", update: print })).outs.stdout).toBe("old out/old err");
        expect((await update({ create: print })).outs.stdout).toBe("old out/old err");
        expect((await update({ create: print, addPreviousOutputInEnv: false })).outs.stdout).toBe("/");
    });

    test("keeps the previous output when there is nothing to run", async () => {
        expect((await update({ delete: "true" })).outs).toMatchObject({ stdout: "old out", stderr: "old err" });
    });

    test("delete runs the stored command, once", async () => {
        const file = join(folder, "deleted");
        await writeFile(file, "");
        await provider.delete("push1", urn, olds({ delete: `echo "$PULUMI_COMMAND_STDOUT" >> ${file}` }), contextOf());
        expect(await readFile(file, "utf8")).toBe("old out\n");
        await provider.delete("push1", urn, olds({ create: "exit 1" }), contextOf());
    });

    test("a changed trigger replaces, anything else updates", async () => {
        expect(await diff({ triggers: ["a"] }, { triggers: ["b"] })).toEqual({
            changes: true,
            replaces: ["triggers"],
            detailedDiff: { "triggers[0]": "update-replace" },
        });
        expect(await diff({ stdin: "a", create: "x" }, { create: "x" })).toEqual({
            changes: true,
            replaces: [],
            detailedDiff: { stdin: "delete" },
        });
        expect(await diff({ create: "x" }, { create: "x" })).toEqual({ changes: false, replaces: [], detailedDiff: {} });
    });
});

describe("check", () => {
    test.each([
        [{ assetPaths: ["["] }, "assetPaths", 'the glob "[" has a "[" without "]"'],
        [{ archivePaths: ["{a"] }, "archivePaths", 'the glob "{a" has a "{" without "}"'],
        [{ logging: "loud" }, "logging", "expected one of stdout, stderr, stdoutAndStderr, none, found loud"],
        [{ create: 1 }, "create", "expected a string, found a number"],
        [{ command: "x" }, "command", "unknown property"],
    ])("refuses %j", async (inputs: PropertyMap, property, reason) => {
        const { failures } = await provider.check(urn, undefined, inputs, contextOf());
        expect(failures).toEqual([{ property, reason: expect.stringContaining(reason) }]);
    });

    test("refuses the deprecated way to copy by name", async () => {
        await expect(provider.check(urnOf("command:remote:CopyFile"), undefined, {}, contextOf())).rejects.toThrow(
            "command:remote:CopyFile is deprecated and not supported by the embedded engine: use command:remote:CopyToRemote",
        );
    });
});

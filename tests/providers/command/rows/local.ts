/** The semantics of `command:local:Command` and the function `command:local:run`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourceProvider } from "../../../../embedded/engine/provider.ts";
import { Unknown, type PropertyMap } from "../../../../embedded/engine/values.ts";
import { SIGNATURE_KEY, signatures } from "../../../../embedded/engine/wire.ts";
import { contextOf } from "../../shared/operations.ts";
import { eventually, messageOf, processesWith, type Lab } from "../support/lab.ts";
import { declared, official, type Row } from "../support/semantics.ts";

export interface LocalLab {
    readonly provider: ResourceProvider;
    readonly local: Lab;
    /** A folder for one proof. */
    readonly folder: string;
}

const COMMAND = "local/command";
const last = { stdout: "old out", stderr: "old err" };
const print = 'echo "$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"';

let counter = 0;
const marker = () => `8${process.pid}.${++counter}`;

export const localRows = (lab: () => LocalLab): Row[] => [
    {
        behaviour: "create runs in its folder with the input and the environment; one line feed is taken off the outputs",
        source: official("local/commandOutputs"),
        proof: async () => {
            const { local, folder } = lab();
            const inputs = {
                create: 'cat; echo " $GREETING"; pwd; echo problem >&2',
                dir: folder,
                stdin: "hello",
                environment: { GREETING: "world" },
            };
            expect(await local.create(inputs)).toEqual({ ...inputs, stdout: `hello world\n${folder}`, stderr: "problem" });
            // A relative folder, and the default, begin where the program is.
            expect(await local.create({ create: "mkdir sub; pwd" }, contextOf({ folder }))).toMatchObject({ stdout: folder });
            expect(await local.create({ create: "pwd", dir: "sub" }, contextOf({ folder }))).toMatchObject({ stdout: `${folder}/sub` });
        },
    },
    {
        behaviour: "standard input arrives byte by byte as it is",
        source: declared(COMMAND, "stdin"),
        proof: async () => {
            const { local, folder } = lab();
            const stdin = `\0\r\n\u{1f511} ${"x".repeat(1_000_000)}\n\n`;
            await local.create({ create: "cat > input", stdin, dir: folder, logging: "none" });
            expect(readFileSync(join(folder, "input"), "utf8") === stdin).toBe(true);
            await local.create({ create: "exec <&-; sleep 0.1", stdin }); // not reading it is no error
        },
    },
    {
        behaviour: "another interpreter gets the command as its last argument; an empty list means the default",
        source: declared(COMMAND, "interpreter"),
        proof: async () => {
            const { local } = lab();
            const node = [process.execPath, "-e"];
            expect(await local.create({ create: "process.stdout.write(String(6 * 7))", interpreter: node })).toMatchObject({
                stdout: "42",
            });
            expect(await local.create({ create: "echo $0", interpreter: [] })).toMatchObject({ stdout: "/bin/sh" });
        },
    },
    {
        behaviour: "update runs update, else create, with the last output in the environment",
        source: declared(COMMAND, "update"),
        proof: async () => {
            const { local } = lab();
            expect(await local.update({}, { create: "echo c", update: print }, contextOf(), last)).toMatchObject({
                stdout: "old out/old err",
            });
            expect(await local.update({}, { create: print }, contextOf(), last)).toMatchObject({ stdout: "old out/old err" });
            const without = { create: print, addPreviousOutputInEnv: false };
            expect(await local.update({}, without, contextOf(), last)).toMatchObject({ stdout: "/" });
            expect(await local.update({}, { delete: "true" }, contextOf(), last)).toMatchObject(last);
        },
    },
    {
        behaviour: "a last output that is too long for a variable does not keep a command from running",
        source: official("local/commandOutputs"),
        differs: {
            official: "a last output of 128 KiB or more makes every update and delete fail",
            here: "it is left out, with a warning (over SSH from 64 KiB on)",
        },
        proof: async () => {
            const context = contextOf();
            const long = { stdout: "x".repeat(200_000) };
            expect(await lab().local.update({}, { create: "echo ${#PULUMI_COMMAND_STDOUT}" }, context, long)).toMatchObject({
                stdout: "0",
            });
            expect(context.logged).toContainEqual(
                expect.stringMatching(/^warning: PULUMI_COMMAND_STDOUT is not set: .*addPreviousOutputInEnv: false/),
            );
        },
    },
    {
        behaviour: "delete runs the stored command, once",
        source: declared(COMMAND, "delete"),
        proof: async () => {
            const { local, folder } = lab();
            await local.delete({ delete: 'echo "$PULUMI_COMMAND_STDOUT" >> deleted', dir: folder }, last);
            expect(readFileSync(join(folder, "deleted"), "utf8")).toBe("old out\n");
            await local.delete({ create: "exit 1" });
        },
    },
    {
        behaviour: "only triggers replace; every other change is an update",
        source: declared(COMMAND, "triggers"),
        proof: async () => {
            const { local } = lab();
            expect(await local.diff({ triggers: ["a"] }, { triggers: ["b"] })).toEqual({
                changes: true,
                replaces: ["triggers"],
                detailedDiff: { "triggers[0]": "update-replace" },
            });
            const removed = { changes: true, replaces: [], detailedDiff: { stdin: "delete" } };
            expect(await local.diff({ stdin: "a", create: "x" }, { create: "x" })).toEqual(removed);
            expect(await local.diff({ create: "x" }, { create: "x" })).toEqual({ changes: false, replaces: [], detailedDiff: {} });
        },
    },
    {
        behaviour: "a preview runs nothing and leaves the outputs unknown",
        source: official("local/commandController"),
        proof: async () => {
            const { local, folder } = lab();
            const inputs = { create: "touch made", dir: folder, assetPaths: ["*"] };
            const unknown = { stdout: Unknown.instance, stderr: Unknown.instance, assets: Unknown.instance };
            expect(await local.create(inputs, contextOf({ preview: true }))).toEqual({ ...inputs, ...unknown });
            expect(await local.update(inputs, inputs, contextOf({ preview: true }), last)).toMatchObject(unknown);
            expect(existsSync(join(folder, "made"))).toBe(false);
        },
    },
    {
        behaviour: "assetPaths and archivePaths become outputs after the command has run",
        source: declared(COMMAND, "assetPaths"),
        proof: async () => {
            const { local, folder } = lab();
            mkdirSync(join(folder, "assets/logos"), { recursive: true });
            for (const path of ["assets/logos/logo.svg", "src.js", "secret.js"]) writeFileSync(join(folder, path), path);
            const paths = ["assets/**", "*.js", "!**secret.*"];
            const outs = await local.create({ create: "echo made > made.js", dir: folder, assetPaths: paths, archivePaths: ["assets/**"] });
            const asset = (path: string) => ({
                [SIGNATURE_KEY]: signatures.asset,
                path: join(folder, path),
                hash: expect.stringMatching(/^[0-9a-f]{64}$/),
            });
            expect(outs["assets"]).toEqual({
                "assets/logos/logo.svg": asset("assets/logos/logo.svg"),
                "made.js": asset("made.js"),
                "src.js": asset("src.js"),
            });
            expect(outs["archive"]).toEqual({
                [SIGNATURE_KEY]: signatures.archive,
                assets: { "assets/logos/logo.svg": { [SIGNATURE_KEY]: signatures.asset, path: join(folder, "assets/logos/logo.svg") } },
                hash: expect.stringMatching(/^[0-9a-f]{64}$/),
            });
        },
    },
    {
        behaviour: "logging says which streams are shown",
        source: declared(COMMAND, "logging"),
        proof: async () => {
            const { local } = lab();
            const shown = async (inputs: PropertyMap) => {
                const context = contextOf();
                await local.create({ create: "echo out; echo err >&2", ...inputs }, context);
                return context.logged.toSorted();
            };
            expect(await shown({})).toEqual(["info: err", "info: out"]);
            expect(await shown({ logging: "stdout" })).toEqual(["info: out"]);
            expect(await shown({ logging: "stderr" })).toEqual(["info: err"]);
            expect(await shown({ logging: "none" })).toEqual([]);
        },
    },
    {
        behaviour: "a command that fails says how it ended and what it printed last, never its input, environment or script",
        source: official("local/commandOutputs"),
        proof: async () => {
            const { local } = lab();
            const { message, context } = await local.failure({
                create: 'cat; echo "token is $TOKEN" >&2; exit 3; : in-the-script',
                stdin: JSON.stringify({ token: "in-a-document-0123456789", lines: "first line of a key\nsecond line of a key" }),
                environment: { TOKEN: "s3cr3t-t0ken" },
            });
            expect(message).toMatch(/^exit status 3\n/);
            expect(message).toContain("token is [TOKEN]");
            for (const said of [message, ...context.logged, ...context.said])
                expect(said).not.toMatch(/in-a-document|line of a key|s3cr3t-t0ken|in-the-script/);
            const document = "jq-like tool: unexpected in-a-document-0123456789 near second line of a key";
            const partly = await local.failure({
                create: `echo '${document}' >&2; exit 1`,
                stdin: JSON.stringify({ token: "in-a-document-0123456789", lines: "first line of a key\nsecond line of a key" }),
            });
            expect(partly.message).toBe("exit status 1\njq-like tool: unexpected [stdin] near [stdin]");
            expect((await local.failure({ create: "echo private; exit 1", logging: "none" })).message).toBe(
                "exit status 1\n(its output is not shown: logging is none)",
            );
        },
    },
    {
        behaviour: "a folder or an interpreter that is missing is named",
        source: declared(COMMAND, "dir"),
        proof: async () => {
            const { local, folder } = lab();
            expect((await local.failure({ create: "true", dir: join(folder, "gone") })).message).toBe(
                `dir: there is no folder "${folder}/gone"`,
            );
            expect((await local.failure({ create: "true", interpreter: ["/no/such/shell"] })).message).toMatch(
                /^cannot start \/no\/such\/shell: /,
            );
            const environment = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`V${n}`, "x".repeat(100_000)]));
            expect((await local.failure({ create: "true", environment })).message).toBe("cannot start /bin/sh: spawn E2BIG");
        },
    },
    {
        behaviour: "an interrupt and a time limit end the command",
        source: official("local/commandOutputs"),
        differs: {
            official: "an interrupt and `customTimeouts` kill a local command at once, but not what it started",
            here: "both end its whole process group (SIGTERM, SIGKILL after five seconds)",
        },
        proof: async () => {
            const { local } = lab();
            const time = marker();
            const create = `sleep ${time} & sleep ${time}`;
            const interrupt = new AbortController();
            const failure = local.failure({ create }, { signal: interrupt.signal });
            await eventually(() => processesWith(`sleep\0${time}`).length === 2, "two sleeps");
            interrupt.abort();
            expect((await failure).message).toBe("interrupted");
            expect(processesWith(`sleep\0${time}`)).toEqual([]);
            expect((await local.failure({ create }, { timeoutSeconds: 0.3 })).message).toBe("not ended after 0.3 s");
            expect(processesWith(`sleep\0${time}`)).toEqual([]);
        },
    },
    {
        behaviour: "a process that the command leaves behind does not hold it up",
        source: official("local/commandOutputs"),
        proof: async () => {
            const context = contextOf();
            const { stdout } = await lab().local.create({ create: "sleep 20 & echo $!" }, context);
            expect(context.logged.at(-1)).toMatch(/^warning: A process that the command left behind keeps its output open/);
            process.kill(Number(stdout), "SIGKILL");
        },
    },
    {
        behaviour: "local.run runs in every preview and update, and returns its arguments beside the outputs",
        source: "@pulumi/command local/run.d.ts",
        proof: async () => {
            const { provider, folder } = lab();
            const args = { command: "cat; pwd", stdin: "in ", dir: folder };
            const run = async (inputs: PropertyMap) => await provider.invoke?.("command:local:run", inputs, contextOf({ preview: true }));
            expect(await run(args)).toEqual({ outputs: { ...args, stdout: `in ${folder}`, stderr: "" } });
            expect((await run({ dir: folder, create: "x" }))?.failures).toEqual([
                { property: "create", reason: expect.stringMatching(/^unknown property; known are command, stdin, /) },
            ]);
            expect((await run({}))?.failures).toEqual([{ property: "command", reason: "required, but missing" }]);
            expect(await messageOf(run({ command: "echo why; exit 4" }))).toBe("exit status 4\nwhy");
            expect(await messageOf(provider.invoke?.("command:remote:run", {}) ?? Promise.resolve())).toBe(
                "the function command:remote:run is not supported by the embedded engine; the command provider has command:local:run",
            );
        },
    },
    {
        behaviour: "what is wrong with the inputs is said before anything runs",
        source: declared(COMMAND, "CommandArgs"),
        proof: async () => {
            const { local } = lab();
            expect(await local.check({ create: 1, command: "x" })).toEqual([
                "create: expected a string, found a number",
                expect.stringMatching(/^command: unknown property; known are create, /),
            ]);
            expect(await local.check({ assetPaths: ["["], archivePaths: ["{a"] })).toEqual([
                'assetPaths: the glob "[" has a "[" without "]"',
                'archivePaths: the glob "{a" has a "{" without "}"',
            ]);
            expect(await local.check({ create: "a\0b", environment: { A: Unknown.instance, B: 1 } })).toEqual([
                "environment.B: expected a string, found a number",
                "create: a command cannot hold a zero byte: send it on stdin",
            ]);
            expect(await local.check({ create: Unknown.instance, triggers: null })).toEqual([]);
        },
    },
];

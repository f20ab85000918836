/** The semantics of `command:remote:Command`. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Unknown } from "../../../../embedded/engine/values.ts";
import type { Sshd } from "../../../support/sshd.ts";
import { contextOf } from "../../shared/operations.ts";
import { messageOf, type Lab } from "../support/lab.ts";
import { declared, official, type Row } from "../support/semantics.ts";

export interface RemoteLab {
    /** Accepts the variables `GREETING`, `m` and `PULUMI_COMMAND_STDOUT`. */
    readonly sshd: Pick<Sshd, "connection" | "home">;
    readonly remote: Lab;
    /** Stdout of a resource and the file that its scripts leave in the home folder. */
    file(name: string): string;
}

const COMMAND = "remote/command";

export const remoteRows = (lab: () => RemoteLab): Row[] => [
    {
        behaviour: "create runs in the user's home with the input and the environment; one line feed is taken off the outputs",
        source: official("remote/commandOutputs"),
        proof: async () => {
            const { remote, sshd } = lab();
            const outs = await remote.create({
                create: "cat; echo $GREETING; pwd; echo; echo problem >&2",
                stdin: "hello\n",
                environment: { GREETING: "world", m: "" },
            });
            expect(outs).toMatchObject({ stdout: `hello\nworld\n${sshd.home}\n`, stderr: "problem" });
        },
    },
    {
        behaviour: "standard input arrives byte by byte as it is, also a megabyte of it",
        source: declared(COMMAND, "stdin"),
        proof: async () => {
            const { remote, file } = lab();
            const stdin = `\0\r\n\u{1f511} ${"x".repeat(1_000_000)}\n\n`;
            await remote.create({ create: "cat > input", stdin, logging: "none" });
            expect(file("input") === stdin).toBe(true);
        },
    },
    {
        behaviour: "the script is the login shell's: its first line may be #!, and it may have many lines and any quotes",
        source: official("remote/commandOutputs"),
        proof: async () => {
            const { stdout } = await lab().remote.create({
                create: `#!/bin/sh\nset -eu\ntext='it''s "$HOME"'\necho "$text" \\\n  and more\n`,
            });
            expect(stdout).toBe(`its "$HOME" and more`);
        },
    },
    {
        behaviour: "a variable that sshd does not accept is an error, and the command is not run",
        source: official("remote/commandOutputs"),
        proof: async () => {
            const { remote, sshd } = lab();
            const { message } = await remote.failure({ create: "touch ran", environment: { GREETING: "a", SECRET_TOKEN: "s3cr3t-value" } });
            expect(message).toMatch(/^environment: sshd on 127.0.0.1:\d+ does not pass on SECRET_TOKEN, so the command was not run/);
            expect(message).not.toContain("s3cr3t");
            expect(existsSync(join(sshd.home, "ran"))).toBe(false);
        },
    },
    {
        behaviour: "update runs update, else create, with the last output in PULUMI_COMMAND_STDOUT as far as sshd accepts it",
        source: declared(COMMAND, "addPreviousOutputInEnv"),
        proof: async () => {
            const { remote } = lab();
            const last = { stdout: "old out", stderr: "old err" };
            const print = 'echo "$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"';
            const context = contextOf();
            expect((await remote.update({}, { create: "echo c", update: print }, context, last))["stdout"]).toBe("old out/");
            expect(context.logged).toContainEqual(expect.stringMatching(/^warning: sshd on .* does not pass on PULUMI_COMMAND_STDERR/));
            expect((await remote.update({}, { create: print }, contextOf(), last))["stdout"]).toBe("old out/");
            const quiet = contextOf();
            expect((await remote.update({}, { create: print, addPreviousOutputInEnv: false }, quiet, last))["stdout"]).toBe("/");
            expect(quiet.logged).toEqual(["info: /"]);
        },
    },
    {
        behaviour: "without a script to run, the outputs stay",
        source: official("remote/commandController"),
        proof: async () => {
            const { remote } = lab();
            expect(await remote.update({}, { delete: "true" }, contextOf(), { stdout: "old" })).toMatchObject({
                stdout: "old",
                stderr: "",
            });
            expect(await remote.create({})).toMatchObject({ stdout: "", stderr: "" });
        },
    },
    {
        behaviour: "delete runs the stored command over the stored connection, once",
        source: official("remote/commandController"),
        proof: async () => {
            const { remote, file } = lab();
            await remote.delete({ delete: 'echo "$PULUMI_COMMAND_STDOUT" >> deleted' }, { stdout: "old out" });
            expect(file("deleted")).toBe("old out\n");
            await remote.delete({ create: "exit 1" });
        },
    },
    {
        behaviour: "only triggers replace; every other change is an update, also one of the connection alone",
        source: declared(COMMAND, "triggers"),
        proof: async () => {
            const { remote, sshd } = lab();
            expect(await remote.diff({ triggers: [1] }, { triggers: [2] })).toMatchObject({ changes: true, replaces: ["triggers"] });
            const other = { connection: { ...sshd.connection, user: "other" } };
            expect(await remote.diff({}, other)).toEqual({ changes: true, replaces: [], detailedDiff: { "connection.user": "update" } });
            for (const changed of [{ stdin: "a" }, { delete: "true" }, { environment: { A: "b" } }, { logging: "none" }])
                expect(await remote.diff({}, changed)).toMatchObject({ changes: true, replaces: [] });
            expect(await remote.diff({ create: "x" }, { create: "x" })).toMatchObject({ changes: false });
        },
    },
    {
        behaviour: "a preview connects to nothing and leaves the outputs unknown",
        source: official("remote/commandController"),
        proof: async () => {
            const { remote } = lab();
            const nowhere = { connection: { host: Unknown.instance }, create: "true" };
            const unknown = { stdout: Unknown.instance, stderr: Unknown.instance };
            expect(await remote.create(nowhere, contextOf({ preview: true }))).toMatchObject(unknown);
            expect(await remote.update({}, nowhere, contextOf({ preview: true }), { stdout: "old" })).toMatchObject(unknown);
        },
    },
    {
        behaviour: "logging says which streams are shown; the outputs hold both all the same",
        source: declared(COMMAND, "logging"),
        proof: async () => {
            const { remote } = lab();
            const shown = async (logging: string) => {
                const context = contextOf();
                const outs = await remote.create({ create: "echo out; echo err >&2", logging }, context);
                expect(outs).toMatchObject({ stdout: "out", stderr: "err" });
                return context.logged.toSorted();
            };
            expect(await shown("stdoutAndStderr")).toEqual(["info: err", "info: out"]);
            expect(await shown("stdout")).toEqual(["info: out"]);
            expect(await shown("stderr")).toEqual(["info: err"]);
            expect(await shown("none")).toEqual([]);
        },
    },
    {
        behaviour: "a command that fails says how it ended and what it printed last",
        source: official("remote/commandOutputs"),
        differs: {
            official: "the error of a failed command holds the whole command and everything it printed",
            here: "its exit status and its last twelve lines, without the command, standard input and values of the environment",
        },
        proof: async () => {
            const { remote } = lab();
            const create = "printf 'line %s\\n' $(seq 1 40) >&2; cat >&2; echo 'no such image' >&2; exit 3; : s3cr3t-in-script";
            const { message, context } = await remote.failure({ create, stdin: "correct horse\n" });
            const lines = message.split("\n");
            expect(lines[0]).toMatch(/^exit status 3 on 127.0.0.1:\d+$/);
            expect(lines.slice(1)).toEqual([...Array.from({ length: 10 }, (_, n) => `line ${n + 31}`), "[stdin]", "no such image"]);
            for (const text of [message, ...context.logged, ...context.said]) expect(text).not.toMatch(/correct horse|s3cr3t/);
            expect((await remote.failure({ create: "echo private; exit 1", logging: "none" })).message).toMatch(
                /^exit status 1 on .*\n\(its output is not shown: logging is none\)$/,
            );
            expect((await remote.failure({ create: "kill -9 $$" })).message).toMatch(/^killed by SIGKILL on /);
        },
    },
    {
        behaviour: "a host whose key is not given is not connected to",
        source: declared("types/input", "hostKey"),
        differs: {
            official: "without `hostKey` any host is taken for the right one",
            here: "`hostKey` is required, for `proxy` too; what ssh-keyscan prints is taken as well",
        },
        proof: async () => {
            const { remote, sshd } = lab();
            const { hostKey, ...open } = sshd.connection;
            expect(await remote.check({ connection: open })).toEqual([
                expect.stringMatching(/^connection.hostKey: required, but missing: .*ssh-keyscan/),
            ]);
            expect(await remote.check({ connection: { ...sshd.connection, proxy: open } })).toEqual([
                expect.stringMatching(/^connection.proxy.hostKey: required/),
            ]);
            expect(await remote.check({ connection: { ...open, hostKey: `127.0.0.1 ${hostKey} comment\n` } })).toEqual([]);
            expect(await remote.check({ connection: { ...open, hostKey: hostKey.slice(0, 20) } })).toEqual([
                expect.stringMatching(/^connection.hostKey: the line says ssh-ed25519/),
            ]);
            // A state that the official engine wrote
            expect(await messageOf(remote.delete({ delete: "touch ran", connection: open }))).toMatch(/^connection.hostKey: required/);
        },
    },
    {
        behaviour: "output that is not text, or more than fits, is said",
        source: official("remote/commandOutputs"),
        differs: {
            official: "all output becomes state, however much; bytes that are not UTF-8 end the run",
            here: "the last 4 MiB of each stream do, and 1,000 lines go into the log, with a warning; other bytes become U+FFFD",
        },
        proof: async () => {
            const { remote } = lab();
            const context = contextOf();
            const { stdout } = await remote.create({ create: "yes 0123456789abcde | head -c 20000000; printf 'a\\377'" }, context);
            expect(Buffer.byteLength(String(stdout))).toBe(4 * 1024 * 1024 + 2); // U+FFFD has three bytes in place of one
            expect(String(stdout).endsWith("0123456789abcde\na\u{fffd}")).toBe(true);
            expect(context.logged.length).toBe(1_003);
            expect(context.logged.slice(-3)).toEqual([
                "info: (1249001 further lines are not shown)",
                "warning: The command printed 20000002 bytes on stdout; only the last 4194304 are kept in stdout.",
                "warning: What the command printed on stdout is not UTF-8; other bytes are kept as U+FFFD.",
            ]);
        },
    },
    {
        behaviour: "what is wrong with the inputs is said at once, and by name",
        source: declared(COMMAND, "CommandArgs"),
        proof: async () => {
            const { remote, sshd } = lab();
            const wrong = { ...sshd.connection, port: 70_000, hots: "x" };
            expect(await remote.check({ create: 1, logging: "loud", dir: "/", connection: wrong })).toEqual([
                "create: expected a string, found a number",
                expect.stringMatching(/^dir: unknown property; known are create, /),
                expect.stringMatching(/^connection.hots: unknown property; known are host, port, /),
            ]);
            expect(
                await remote.check({
                    logging: "loud",
                    create: "x".repeat(200_000),
                    environment: { "A-B": "c" },
                    connection: Unknown.instance,
                }),
            ).toEqual([
                "logging: expected one of stdout, stderr, stdoutAndStderr, none, found loud",
                "environment.A-B: expected a name of letters, digits and underscores",
                "create: 200000 bytes are too many for a command line (122880 at most): send them on stdin",
            ]);
        },
    },
];

/** Reads and writes of the home folder that a lab's `sshd` has. */
export const homeOf = (sshd: () => Pick<Sshd, "home">) => ({
    read: (name: string): string => readFileSync(join(sshd().home, name), "utf8"),
    write: (name: string, text: string): void => writeFileSync(join(sshd().home, name), text),
});

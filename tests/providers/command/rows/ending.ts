/** How remote commands end: by themselves, at an interrupt, at a time limit, and with the connection. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { startSshd, type Sshd } from "../../../support/sshd.ts";
import { contextOf } from "../../shared/operations.ts";
import { eventually, messageOf, processesWith, type Lab } from "../support/lab.ts";
import { declared, official, type Row } from "../support/semantics.ts";

export interface EndingLab {
    readonly sshd: Sshd;
    readonly remote: Lab;
}

/** A command line to look for that no other process has. */
let counter = 0;
const marker = () => `7${process.pid}.${++counter}`;

const ENDED = "the command and what it had started on";

export const endingRows = (lab: () => EndingLab): Row[] => [
    {
        behaviour: "an interrupt ends the command with all that it started",
        source: official("remote/commandOutputs"),
        differs: {
            official: "Ctrl-C and `customTimeouts` do not end a remote command, and leave it running",
            here: "they end it with its whole process group (SIGTERM, SIGKILL after five seconds), or the error says what may still run where",
        },
        proof: async () => {
            const { sshd, remote } = lab();
            const time = marker();
            const interrupt = new AbortController();
            const failure = remote.failure({ create: `sleep ${time} & sleep ${time}` }, { signal: interrupt.signal });
            await eventually(() => processesWith(`sleep\0${time}`).length === 2, "two sleeps");
            interrupt.abort();
            const { message, context } = await failure;
            expect(message).toBe(`interrupted; ${ENDED} 127.0.0.1:${sshd.port} were ended`);
            expect(context.said.at(-1)).toBe(`interrupted: ending the command on 127.0.0.1:${sshd.port}`);
            expect(processesWith(`sleep\0${time}`)).toEqual([]);
        },
    },
    {
        behaviour: "a time limit ends it as well, also one that ignores SIGTERM",
        source: official("remote/commandOutputs"),
        proof: async () => {
            const { sshd, remote } = lab();
            const time = marker();
            const create = `trap '' TERM; sleep ${time} & echo begun; sleep ${time}`;
            const { message } = await remote.failure({ create }, { timeoutSeconds: 1 });
            expect(message).toBe(`not ended after 1 s; ${ENDED} 127.0.0.1:${sshd.port} were ended\nbegun`);
            expect(processesWith(`sleep\0${time}`)).toEqual([]);
        },
    },
    {
        behaviour: "a command may tidy up when it is interrupted",
        source: official("remote/commandOutputs"),
        proof: async () => {
            const { sshd, remote } = lab();
            const interrupt = new AbortController();
            const create = "trap 'echo tidy > tidied; exit 0' TERM; touch begun; while :; do sleep 0.1; done";
            const failure = remote.failure({ create }, { signal: interrupt.signal });
            await eventually(() => existsSync(join(sshd.home, "begun")), "the command runs");
            interrupt.abort();
            expect((await failure).message).toMatch(/^interrupted; /);
            expect(existsSync(join(sshd.home, "tidied"))).toBe(true);
        },
    },
    {
        behaviour: "an interrupt ends waiting for a host, too",
        source: declared("types/input", "dialErrorLimit"),
        proof: async () => {
            const { remote, sshd } = lab();
            const interrupt = new AbortController();
            const connection = { ...sshd.connection, port: 1, dialErrorLimit: -1 };
            const context = contextOf({ signal: interrupt.signal });
            const failure = messageOf(remote.create({ connection, create: "true" }, context));
            await eventually(() => context.said.length > 1, "another attempt");
            interrupt.abort();
            expect(await failure).toBe("interrupted while waiting for ssh on 127.0.0.1:1");
            expect(await messageOf(remote.create({ create: "true" }, context))).toBe("interrupted");
        },
    },
    {
        behaviour: "a process that the command leaves behind does not hold it up",
        source: official("remote/commandOutputs"),
        differs: {
            official: "a command hangs for as long as a process that it left behind holds its output open",
            here: "three seconds after the last output it is not waited for any longer, with a warning",
        },
        proof: async () => {
            const { remote } = lab();
            const time = marker();
            const context = contextOf();
            expect(await remote.create({ create: `sleep ${time} & echo done` }, context)).toMatchObject({ stdout: "done" });
            expect(context.logged).toContainEqual(
                expect.stringMatching(/^warning: A process that the command left behind keeps its output open/),
            );
            for (const pid of processesWith(`sleep\0${time}`)) process.kill(pid);
            const quiet = contextOf();
            await remote.create({ create: "sleep 1 >/dev/null 2>&1 </dev/null & echo done" }, quiet);
            expect(quiet.logged).toEqual(["info: done"]);
        },
    },
    {
        behaviour: "a connection that is lost while the command runs is said, with what may still run",
        source: official("remote/commandOutputs"),
        proof: async () => {
            const { sshd, remote } = lab();
            const { message } = await remote.failure({ create: "echo halfway; sleep 0.3; kill -9 $PPID; sleep 1" });
            expect(message).toMatch(
                new RegExp(
                    `^the connection to 127.0.0.1:${sshd.port} was lost while the command ran \\(.+\\); it may still be running there as process group \\d+\\nhalfway$`,
                ),
            );
        },
    },
    {
        behaviour: "what cannot be ended is said",
        source: official("remote/commandOutputs"),
        proof: async () => {
            // A host that goes away just when the command is to be ended
            const other = await startSshd();
            const time = marker();
            const interrupt = new AbortController();
            const connection = { ...other.connection, dialErrorLimit: 0 };
            const failure = lab().remote.failure({ connection, create: `sleep ${time}` }, { signal: interrupt.signal });
            await eventually(() => processesWith(`sleep\0${time}`).length === 1, "a sleep");
            const stopped = other.stop();
            interrupt.abort();
            const { message } = await failure;
            await stopped;
            expect(message).toMatch(
                /could not be ended on 127.0.0.1:\d+: .+ It may still be running there as process group \d+|was lost while the command ran/,
            );
        },
    },
    {
        behaviour: "other login shells do as well",
        source: official("remote/commandOutputs"),
        proof: async () => {
            const other = await startSshd({ shell: "/bin/sh" });
            const time = marker();
            const interrupt = new AbortController();
            const { connection } = other;
            expect(await lab().remote.create({ connection, create: "echo $0", stdin: "x" })).toMatchObject({ stdout: "sh" });
            const failure = lab().remote.failure({ connection, create: `sleep ${time}; true` }, { signal: interrupt.signal });
            await eventually(() => processesWith(`sleep\0${time}`).length === 1, "a sleep");
            interrupt.abort();
            expect((await failure).message).toContain(ENDED);
            await other.stop();
        },
    },
];

/** What can be seen without sshd, and what sshd does not do: against a double. */

import { commandProvider } from "../../../embedded/providers/command/index.ts";
import { homeOf, remoteRows } from "./rows/remote.ts";
import { eventually, Lab, processesWith } from "./support/lab.ts";
import { prove } from "./support/semantics.ts";
import { startSshDouble, type SshDouble } from "./support/ssh-double.ts";

describe("another server than OpenSSH's", () => {
    const provider = commandProvider();
    let double: SshDouble;
    beforeAll(async () => void (double = await startSshDouble({ accepts: ["GREETING", "m", "PULUMI_COMMAND_STDOUT"] })));
    afterAll(async () => {
        await provider.close();
        await double.stop();
    });
    const remote = new Lab(provider, "command:remote:Command", () => ({ connection: double.connection }));
    prove(remoteRows(() => ({ sshd: double, remote, file: homeOf(() => double).read })));
});

describe("a host that is slow", () => {
    test("a command that begins only after the interrupt is ended", async () => {
        const provider = commandProvider();
        const gate = Promise.withResolvers<void>();
        let asked = 0;
        const double = await startSshDouble({
            beforeSession: async () => {
                asked++;
                await gate.promise;
            },
        });
        const remote = new Lab(provider, "command:remote:Command", () => ({ connection: double.connection }));
        const interrupt = new AbortController();
        const time = `9${process.pid}.1`;
        const failure = remote.failure({ create: `touch ran; sleep ${time}; touch done` }, { signal: interrupt.signal });
        await eventually(() => asked === 1, "a session is asked for");
        interrupt.abort();
        gate.resolve();
        expect((await failure).message).toMatch(/^interrupted; the command and what it had started on 127.0.0.1:\d+ were ended$/);
        expect(processesWith(`sleep\0${time}`)).toEqual([]);
        await provider.close();
        await double.stop();
    });
});

describe("a host that goes away as a command is sent", () => {
    test("does not get it again", async () => {
        const provider = commandProvider();
        const double = await startSshDouble({ goesAway: true });
        const remote = new Lab(provider, "command:remote:Command", () => ({ connection: double.connection }));
        expect((await remote.failure({ create: "echo ran >> runs" })).message).toMatch(
            /the connection was lost as it was sent and it may run$/,
        );
        expect(homeOf(() => double).read("runs")).toBe("ran\n");
        await provider.close();
        await double.stop();
    });
});

describe("a host that runs commands in the process group of its server", () => {
    test("is not ended with them: the error says that they may still run", async () => {
        const provider = commandProvider();
        const double = await startSshDouble({ sharesGroup: true });
        const remote = new Lab(provider, "command:remote:Command", () => ({ connection: double.connection }));
        const time = `9${process.pid}.2`;
        const { message } = await remote.failure({ create: `exec sleep ${time}` }, { timeoutSeconds: 1 });
        expect(message).toMatch(
            /^not ended after 1 s; the command could not be ended on .+: the host did not say which processes belong to it. It may still be running there$/,
        );
        for (const pid of processesWith(`sleep\0${time}`)) process.kill(pid);
        await provider.close();
        await double.stop();
    });
});

describe("a host without sftp", () => {
    test("is named", async () => {
        const provider = commandProvider();
        const double = await startSshDouble();
        const copies = new Lab(provider, "command:remote:CopyToRemote", () => ({ connection: double.connection }));
        const source = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", text: "x", hash: "y" };
        expect((await copies.failure({ source, remotePath: "x" })).message).toMatch(/sftp/);
        await provider.close();
        await double.stop();
    });
});

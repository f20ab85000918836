/** The semantics of `connection`, which all remote resources have. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer, type AddressInfo } from "node:net";
import { commandProvider } from "../../../../embedded/providers/command/index.ts";
import { opensshKey } from "../../../../embedded/providers/tls/openssh.ts";
import { freePorts } from "../../../support/ports.ts";
import { newKey, PASSWORD, type Sshd, type SshdOptions } from "../../../support/sshd.ts";
import { contextOf } from "../../shared/operations.ts";
import { Lab, messageOf } from "../support/lab.ts";
import { declared, official, type Row } from "../support/semantics.ts";

export interface ConnectionLab {
    /** Takes passwords; allows two sessions on a connection. */
    readonly sshd: Sshd;
    /** A server for one test, stopped after it. */
    start(options?: SshdOptions): Promise<Sshd>;
}

const INPUT = "types/input";
const print = (publicKey: string) =>
    `${publicKey.split(" ")[0]} SHA256:${createHash("sha256")
        .update(Buffer.from(publicKey.split(" ")[1] ?? "", "base64"))
        .digest("base64")
        .replace(/=+$/, "")}`;

const remote = new Lab(commandProvider(), "command:remote:Command");

/** Says hello over a connection of its own, which is closed after it. */
async function hello(connection: Sshd["connection"] | Record<string, unknown>, context = contextOf()): Promise<unknown> {
    const provider = commandProvider();
    try {
        const lab = new Lab(provider, "command:remote:Command");
        return (await lab.create({ connection: connection as never, create: "echo hello", logging: "none" }, context))["stdout"];
    } finally {
        await provider.close();
    }
}

async function silentPort(): Promise<{ port: number; close(): void }> {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref();
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

export const connectionRows = (lab: () => ConnectionLab): Row[] => [
    {
        behaviour: "dialErrorLimit 10 allows ten failed attempts before the last one; the resource's line says what is waited for",
        source: official("remote/connection"),
        proof: async () => {
            const { sshd } = lab();
            const [port = 0] = await freePorts(1);
            const context = contextOf();
            expect(await messageOf(hello({ ...sshd.connection, port, dialErrorLimit: 2 }, context))).toBe(
                `no ssh connection to 127.0.0.1:${port}: connection refused (after 3 attempts)`,
            );
            expect(context.said).toEqual([
                `waiting for ssh on 127.0.0.1:${port}, attempt 2 of 3: connection refused`,
                `waiting for ssh on 127.0.0.1:${port}, attempt 3 of 3: connection refused`,
            ]);
            expect(await messageOf(hello({ ...sshd.connection, port, dialErrorLimit: 0 }))).toBe(
                `no ssh connection to 127.0.0.1:${port}: connection refused`,
            );
        },
    },
    {
        behaviour: "-1 waits for ever: a host that comes up later is found",
        source: declared(INPUT, "dialErrorLimit"),
        proof: async () => {
            const [port = 0] = await freePorts(1);
            const host = newKey();
            const context = contextOf();
            const key = newKey();
            const early = hello(
                { host: "127.0.0.1", port, privateKey: key.privateKeyOpenssh, hostKey: host.publicKeyOpenssh, dialErrorLimit: -1 },
                context,
            );
            while (context.said.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
            await lab().start({ port, hostKey: host, authorized: key });
            expect(await early).toBe("hello");
            expect(context.said[0]).toBe(`waiting for ssh on 127.0.0.1:${port}, attempt 2: connection refused`);
        },
    },
    {
        behaviour: "perDialTimeout ends an attempt",
        source: declared(INPUT, "perDialTimeout"),
        differs: {
            official: "`perDialTimeout` covers the TCP connection",
            here: "it covers the SSH handshake too, and a connection that is silent for two minutes counts as lost",
        },
        proof: async () => {
            const silent = await silentPort();
            const connection = { ...lab().sshd.connection, port: silent.port, perDialTimeout: 1, dialErrorLimit: 0 };
            expect(await messageOf(hello(connection))).toBe(`no ssh connection to 127.0.0.1:${silent.port}: no answer within 1 s`);
            silent.close();
        },
    },
    {
        behaviour: "another host key than the pinned one is refused",
        source: declared(INPUT, "hostKey"),
        differs: {
            official: "a host with another key is dialed ten times more; the error names the key types",
            here: "nothing is sent, no further attempt is made, and the error has the fingerprints of both keys",
        },
        proof: async () => {
            const { sshd } = lab();
            const other = newKey().publicKeyOpenssh.trim();
            const context = contextOf();
            const message = await messageOf(hello({ ...sshd.connection, hostKey: other }, context));
            expect(message).toContain(`127.0.0.1:${sshd.port} shows the host key ${print(sshd.hostKey)}, but hostKey pins ${print(other)}`);
            expect(context.said).toEqual([]);
            // of a kind that this host does not have
            const rsa = opensshKey(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey).publicKeyOpenssh;
            expect(await messageOf(hello({ ...sshd.connection, hostKey: rsa }))).toContain(
                `shows the host key ${print(sshd.hostKey)}, but`,
            );
        },
    },
    {
        behaviour: "RSA and ECDSA host keys can be pinned",
        source: official("remote/connection"),
        differs: {
            official: "a pinned RSA key is asked for with SHA-1, which current servers refuse",
            here: "with SHA-2",
        },
        proof: async () => {
            for (const { privateKey } of [
                generateKeyPairSync("rsa", { modulusLength: 2048 }),
                generateKeyPairSync("ec", { namedCurve: "P-256" }),
            ])
                expect(await hello((await lab().start({ hostKey: opensshKey(privateKey) })).connection)).toBe("hello");
        },
    },
    {
        behaviour: "private keys may be OpenSSH's or PEM, with or without a passphrase",
        source: declared(INPUT, "privateKeyPassword"),
        proof: async () => {
            const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
            const { connection } = await lab().start({ authorized: opensshKey(key) });
            const pkcs8 = { type: "pkcs8", format: "pem" } as const;
            const cipher = { cipher: "aes-256-cbc", passphrase: "open sesame" };
            expect(await hello({ ...connection, privateKey: key.export({ type: "sec1", format: "pem" }) })).toBe("hello");
            expect(await hello({ ...connection, privateKey: key.export(pkcs8) })).toBe("hello");
            const encrypted = { ...connection, privateKey: key.export({ ...pkcs8, ...cipher }) };
            expect(await hello({ ...encrypted, privateKeyPassword: "open sesame" })).toBe("hello");
            const sec1 = { ...connection, privateKey: key.export({ type: "sec1", format: "pem", ...cipher }) };
            for (const sealed of [encrypted, sec1]) {
                expect(await remote.check({ connection: sealed as never })).toEqual([
                    "connection.privateKey: the key is encrypted: set privateKeyPassword",
                ]);
                expect(await remote.check({ connection: { ...sealed, privateKeyPassword: "wrong" } as never })).toEqual([
                    "connection.privateKey: the key cannot be decrypted: privateKeyPassword does not fit it",
                ]);
            }
            expect(await remote.check({ connection: { ...connection, privateKey: "~/.ssh/id_rsa" } as never })).toEqual([
                expect.stringMatching(/^connection.privateKey: expected a private key in OpenSSH's format or PEM, found something else/),
            ]);
        },
    },
    {
        behaviour: "a password is used, and what the host refused is named",
        source: declared(INPUT, "password"),
        proof: async () => {
            const { sshd } = lab();
            const { privateKey: _privateKey, ...connection } = sshd.connection;
            expect(await hello({ ...connection, password: PASSWORD })).toBe("hello");
            const wrong = { ...connection, password: "wrong-password", privateKey: newKey().privateKeyOpenssh, dialErrorLimit: 0 };
            const message = await messageOf(hello(wrong));
            expect(message).toBe(
                `no ssh connection to 127.0.0.1:${sshd.port}: the host refused the user ${sshd.user} (tried: private key, password)`,
            );
        },
    },
    {
        behaviour: "an agent's keys are used",
        source: declared(INPUT, "agentSocketPath"),
        differs: {
            official:
                "an agent that does not answer (also one that only SSH_AUTH_SOCK names) fails the command, even when there is a private key",
            here: "what else is given is used, with a warning when `agentSocketPath` names the agent; its keys are also tried after a private key that was refused",
        },
        proof: async () => {
            const { sshd } = lab();
            const dead = { ...sshd.connection, agentSocketPath: "/nowhere/agent" };
            const context = contextOf();
            expect(await hello(dead, context)).toBe("hello");
            expect(context.logged).toEqual([
                `warning: 127.0.0.1:${sshd.port}: no agent answers at agentSocketPath ("/nowhere/agent": ENOENT).`,
            ]);
            const before = process.env["SSH_AUTH_SOCK"];
            process.env["SSH_AUTH_SOCK"] = "/nowhere/stale";
            const quiet = contextOf();
            expect(await hello(sshd.connection, quiet)).toBe("hello");
            expect(quiet.logged).toEqual([]);
            if (before === undefined) delete process.env["SSH_AUTH_SOCK"];
            else process.env["SSH_AUTH_SOCK"] = before;
            const { privateKey: _privateKey, ...alone } = { ...dead, dialErrorLimit: 0 };
            expect(await messageOf(hello(alone))).toMatch(
                /none of the given credentials is of a kind that it takes; no agent answers at agentSocketPath/,
            );
            const agent = await sshd.agent();
            expect(await hello({ ...sshd.connection, privateKey: newKey().privateKeyOpenssh, agentSocketPath: agent })).toBe("hello");
        },
    },
    {
        behaviour: "a host is reached through a bastion with credentials and a host key of its own",
        source: declared(INPUT, "proxy"),
        differs: {
            official: "behind a bastion a handshake that failed cannot succeed when it is tried again",
            here: "each attempt is a new connection through the bastion, which is shared by all hosts behind it",
        },
        proof: async () => {
            const { sshd, start } = lab();
            const bastion = await start();
            const [port = 0] = await freePorts(1);
            const { hostKey: _hostKey, ...target } = sshd.connection;
            const through = { ...sshd.connection, proxy: bastion.connection };
            expect(await hello(through)).toBe("hello");
            expect(bastion.log()).toContain("Accepted publickey");
            expect(await messageOf(hello({ ...through, port, dialErrorLimit: 1 }))).toBe(
                `no ssh connection to 127.0.0.1:${port}: the bastion cannot reach it: Connection refused (after 2 attempts)`,
            );
            const wrong = { ...through, proxy: { ...bastion.connection, hostKey: newKey().publicKeyOpenssh } };
            expect(await messageOf(hello(wrong))).toMatch(/^proxy: 127.0.0.1:\d+ shows the host key /);
            expect(target.host).toBe("127.0.0.1");
        },
    },
    {
        behaviour: "many commands on a host share connections, with no more sessions on each than sshd allows",
        source: official("remote/connection"),
        differs: {
            official: "each command has a connection of its own, open until the end of the run",
            here: "commands on a host share one connection; another is made when sshd allows no further session on it (`MaxSessions`)",
        },
        proof: async () => {
            const provider = commandProvider();
            const many = async (sshd: Sshd, count: number) => {
                const shared = new Lab(provider, "command:remote:Command", () => ({ connection: sshd.connection }));
                // Each waits for all the others, so that they must run at the same time.
                const together = `touch "here.$n"; while [ "$(ls here.* | wc -l)" -lt ${count} ]; do sleep 0.1; done; echo "$n"`;
                const all = Array.from({ length: count }, (_, n) => shared.create({ create: `n=${n}; ${together}`, logging: "none" }));
                expect((await Promise.all(all)).map((outs) => outs["stdout"])).toEqual(all.map((_, n) => String(n)));
                return sshd.log().split("Accepted publickey").length - 1;
            };
            expect(await many(await lab().start(), 8)).toBe(1);
            expect(await many(await lab().start({ config: ["MaxSessions 2"] }), 6)).toBe(3);
            await provider.close();
        },
    },
    {
        behaviour: "a connection that was lost between two commands is made anew",
        source: official("remote/connection"),
        proof: async () => {
            const provider = commandProvider();
            const { connection } = lab().sshd;
            const shared = new Lab(provider, "command:remote:Command", () => ({ connection }));
            await shared.create({ create: "(sleep 0.2; kill -9 $PPID) >/dev/null 2>&1 &", logging: "none" });
            await new Promise((resolve) => setTimeout(resolve, 400));
            expect((await shared.create({ create: "echo again" }))["stdout"]).toBe("again");
            await provider.close();
        },
    },
    {
        behaviour: "the time limit of one resource does not end another's waiting for the same host",
        source: official("remote/connection"),
        proof: async () => {
            const provider = commandProvider();
            const [port = 0] = await freePorts(1);
            const [host, key] = [newKey(), newKey()];
            const connection = {
                host: "127.0.0.1",
                port,
                privateKey: key.privateKeyOpenssh,
                hostKey: host.publicKeyOpenssh,
                dialErrorLimit: -1,
            };
            const shared = new Lab(provider, "command:remote:Command", () => ({ connection }));
            const [impatient, patient] = [contextOf({ timeoutSeconds: 1 }), contextOf()];
            const first = messageOf(shared.create({ create: "true" }, impatient));
            const second = shared.create({ create: "echo here" }, patient);
            expect(await first).toBe(`not ended after 1 s while waiting for ssh on 127.0.0.1:${port}`);
            expect(patient.said).toContain(`waiting for the connection to 127.0.0.1:${port}`);
            await lab().start({ port, hostKey: host, authorized: key });
            expect((await second)["stdout"]).toBe("here");
            await provider.close();
        },
    },
];

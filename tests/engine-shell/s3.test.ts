/** State in a bucket: against a double, and against an independent server where Go is installed. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { addToHistory, historyOf } from "../../embedded/engine/state/history.ts";
import { lockStack } from "../../embedded/engine/state/lock.ts";
import { openBackend } from "../../embedded/engine/state/open.ts";
import { s3Storage } from "../../embedded/engine/state/storage-s3.ts";
import { startS3Double, type S3Double } from "./s3-double.ts";
import { command, PASSPHRASE, projectFolder, removeFolders, temporaryFolder, urn } from "./support.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "not-so-secret", AWS_EC2_METADATA_DISABLED: "true" };
const DEV = { project: "trial", stack: "dev" };
const saved = { ...process.env };
let double: S3Double;

beforeAll(async () => {
    Object.assign(process.env, KEYS);
    double = await startS3Double("state");
});
afterEach(() => double.refuse(undefined));
afterAll(async () => {
    await double.close();
    await removeFolders();
    process.env = saved;
});

const urlAt = (endpoint: string, path = "state"): string => `s3://${path}?region=eu-west-1&endpoint=${endpoint}&s3ForcePathStyle=true`;
const goMissing = spawnSync("go", ["version"]).status !== 0;
if (goMissing) console.warn("skipped: the comparison with an independent S3 server, because go is not installed");

const ask = async (url: string): Promise<string> =>
    (await openBackend(url, "/"))
        .read(DEV)
        .then(String)
        .catch((error: Error) => `${error.name}: ${error.message}`);

const text = (n: number): string => JSON.stringify({ version: 3, checkpoint: { stack: "s", latest: { manifest: { n }, resources: [] } } });

/** What must hold for any server. */
function holds(endpointOf: () => string): void {
    test("keeps files by name, each the old or the new one, and lists folders", async () => {
        const storage = s3Storage(urlAt(endpointOf(), "state/some/where"));
        const name = storage.nameOf("stacks", "p", "a b+c.json");
        expect(name).toBe("some/where/.pulumi/stacks/p/a b+c.json");
        expect([await storage.read(name), await storage.modified(name), await storage.list(storage.nameOf("stacks"))]).toEqual([
            undefined,
            undefined,
            [],
        ]);
        await storage.write(name, "one");
        const before = await storage.read(name);
        expect(before?.data.toString()).toBe("one");
        await storage.write(name, "two ü");
        const after = await storage.read(name);
        expect(after?.data.toString()).toBe("two ü");
        expect(after?.id).not.toBe(before?.id);
        expect([await storage.create(name, "three"), await storage.create(`${name}.new`, "new")]).toEqual([false, true]);
        expect((await storage.read(name))?.data.toString()).toBe("two ü");
        await storage.copy(name, `${name}.bak`);
        await storage.copy(`${name}.nothing`, `${name}.nothing.bak`);
        for (const n of [1, 2, 3]) await storage.write(storage.inside(storage.nameOf("stacks", "p"), `${n}.json`), "x");
        await storage.write(storage.nameOf("stacks", "p", "deep", "er.json"), "x");
        expect(await storage.list(storage.nameOf("stacks", "p"))).toEqual([
            "1.json",
            "2.json",
            "3.json",
            "a b+c.json",
            "a b+c.json.bak",
            "a b+c.json.new",
        ]);
        await storage.remove(name);
        await storage.remove(name);
        expect(await storage.read(name)).toBeUndefined();
    });

    test("serves a stack as a folder does: state, backups, history, and one of many that lock it at once", async () => {
        const backend = await openBackend(urlAt(endpointOf(), "state/team"), "/");
        expect(await backend.exists(DEV)).toBe(false);
        await backend.create(DEV);
        await expect(backend.create(DEV)).rejects.toThrow("stack 'dev' already exists");
        for (const n of [1, 2]) await backend.write(DEV, text(n));
        expect(await backend.read(DEV)).toHaveProperty("checkpoint.latest.manifest.n", 2);
        expect((await backend.storage.read(`${backend.stackFile(DEV)}.bak`))?.data.toString()).toBe(text(1));
        const update = {
            kind: "update",
            startTime: 1,
            message: "",
            environment: {},
            config: {},
            version: 0,
            result: "succeeded",
            endTime: 2,
        } as const;
        await addToHistory(backend, DEV, update);
        await addToHistory(backend, DEV, { ...update, message: "second" });
        expect((await historyOf(backend, DEV)).map(({ message }) => message)).toEqual(["second", ""]);
        await backend.storage.write(backend.stackFile(DEV), "{");
        await expect(backend.read(DEV)).rejects.toThrow(
            `The state file s3://state/team/.pulumi/stacks/trial/dev.json is cut off or damaged`,
        );

        const results = await Promise.allSettled(Array.from({ length: 4 }, () => lockStack(backend, DEV, "up", () => {})));
        const won = results.filter((r) => r.status === "fulfilled");
        expect(won.length).toBe(1);
        expect(await backend.storage.list(backend.lockFolder(DEV))).toHaveLength(won.length);
        for (const { value } of won) await value.release();
        const lock = await lockStack(backend, DEV, "up", () => {});
        await expect(lockStack(backend, DEV, "destroy", () => {})).rejects.toThrow("The stack dev is locked by");
        await lock.release();
        await backend.removeStack(DEV, true);
        expect(await backend.stacks("trial")).toEqual([]);
        expect(await backend.storage.list(backend.historyFolder(DEV))).toEqual([]);
    }, 30_000);
}

describe("the double", () => {
    holds(() => double.endpoint);
});

(goMissing ? describe.skip : describe)("an independent server", () => {
    let server: ChildProcess;
    let endpoint = "";
    beforeAll(async () => {
        const binary = join(await temporaryFolder(), "s3");
        execFileSync("go", ["build", "-o", binary, "."], {
            cwd: join(import.meta.dirname, "s3server"),
            stdio: ["ignore", "ignore", "inherit"],
            env: { ...process.env, GOFLAGS: "-mod=readonly -buildvcs=false" },
        });
        server = spawn(binary, { stdio: ["pipe", "pipe", "ignore"] });
        const [line] = (await once(server.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
        endpoint = line.toString().trim();
    }, 300_000);
    afterAll(async () => {
        server.stdin?.end();
        if (server.exitCode === null) await once(server, "exit");
    });
    holds(() => endpoint);

    test("serves the commands", async () => {
        const folder = await projectFolder({ "Pulumi.yaml": "name: trial\nruntime: nodejs\n", "Pulumi.prod.yaml": "" });
        const env = {
            ...KEYS,
            PULUMI_BACKEND_URL: urlAt(endpoint, "state/cli"),
            PULUMI_STACK: "prod",
            PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
        };
        const resources = [
            {
                urn: urn("pulumi:pulumi:Stack", "s").replace(":dev::", ":prod::"),
                type: "pulumi:pulumi:Stack",
                custom: false,
                outputs: { url: "x" },
            },
        ];
        const input = JSON.stringify({
            version: 3,
            deployment: { manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" }, resources, metadata: {} },
        });
        expect(await command(folder, ["stack", "import"], { env, input })).toMatchObject({ code: 0, stderr: "" });
        expect(await command(folder, ["stack", "output", "url"], { env })).toMatchObject({ code: 0, stdout: "x\n", stderr: "" });
        expect((await command(folder, ["stack", "ls"], { env })).stdout).toMatch(/^NAME .*\nprod +\d{4}-\S+Z +1\n$/);
        expect((await command(folder, ["cancel", "-y"], { env })).stderr).toBe("The stack prod is not locked.\n");
    }, 60_000);
});

describe("what a bucket refuses is said in a sentence", () => {
    test.each([
        [403, "InvalidAccessKeyId", "does not accept the credentials (InvalidAccessKeyId). Set AWS_ACCESS_KEY_ID"],
        [403, "SignatureDoesNotMatch", "does not accept the credentials"],
        [400, "ExpiredToken", "does not accept the credentials (ExpiredToken)"],
        [403, "AccessDenied", "denies access with these credentials. They need to list, read, write and delete"],
        [301, "PermanentRedirect", "is in another region: name it with ?region="],
        [503, "SlowDown", "answered 503 (SlowDown). Try again; what was stored before is unchanged"],
        [400, "Strange", "did not do what was asked: Strange"],
    ])("%d %s", async (status, code, sentence) => {
        double.refuse({ status, code });
        const said = await ask(urlAt(double.endpoint));
        expect(said).toContain(`UserError: The backend s3://state `);
        expect(said).toContain(sentence);
        expect(said).not.toContain("not-so-secret");
    });

    test("no such bucket", async () => {
        expect(await ask(urlAt(double.endpoint, "other"))).toContain(`${double.endpoint} has no such bucket. Make it first`);
    });

    test("nobody there", async () => {
        const gone = await startS3Double("state");
        await gone.close();
        expect(await ask(urlAt(gone.endpoint))).toContain(`${gone.endpoint} does not answer (ECONNREFUSED)`);
    });

    test("no credentials, and a profile that is not there", async () => {
        const nowhere = { HOME: await temporaryFolder(), AWS_CONFIG_FILE: "/nonexistent", AWS_SHARED_CREDENTIALS_FILE: "/nonexistent" };
        const kept = { ...process.env };
        try {
            Object.assign(process.env, nowhere);
            for (const name of Object.keys(KEYS).slice(0, 2)) delete process.env[name];
            const before = double.requests();
            expect(await ask(urlAt(double.endpoint))).toContain("does not accept the credentials (CredentialsProviderError)");
            expect(await ask(`${urlAt(double.endpoint)}&profile=nobody`)).toContain("CredentialsProviderError");
            expect(double.requests()).toBe(before);
        } finally {
            process.env = kept;
        }
    });
});

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { destroy, emptySnapshot, preview, type OperationResult, type Snapshot } from "../../../embedded/engine/index.ts";
import { Secret } from "../../../embedded/engine/values.ts";
import { commandProvider } from "../../../embedded/providers/command/index.ts";
import { find, runProgram, steps, type Ran } from "../../engine/support/runs.ts";
import { eventually, processesWith } from "./support/lab.ts";
import { describeWithSshd, startSshd, type Sshd } from "../../support/sshd.ts";

const TOKEN = "K10-node-token-0123456789abcdef";
const describeReal = await describeWithSshd();

/** All texts in a value that are not inside a secret. */
function open(value: unknown): string[] {
    if (typeof value === "string") return [value];
    if (value instanceof Secret || typeof value !== "object" || value === null) return [];
    return Object.values(value).flatMap(open);
}

/** All that a run has said. */
function said({ diagnostics, events }: Ran): string {
    return JSON.stringify([diagnostics, events.map((event) => (event.type === "resource-status" ? event.text : ""))]);
}

describeReal("a program that sets up a machine", () => {
    let sshd: Sshd;
    let state: Snapshot = emptySnapshot;
    beforeAll(async () => void (sshd = await startSshd()));
    afterAll(async () => await sshd.stop());

    const run = async (version: string, operation?: (run: Parameters<typeof preview>[0]) => Promise<OperationResult>): Promise<Ran> =>
        await runProgram(
            {
                program: ".",
                project: { root: join(import.meta.dirname, "programs") },
                providers: { command: commandProvider },
                snapshot: state,
                config: { "test:connection": JSON.stringify(sshd.connection), "test:token": TOKEN, "test:version": version },
                secretKeys: ["test:connection", "test:token"],
                persist: async (snapshot) => void (state = snapshot),
            },
            operation,
        );
    const home = (name: string) => readFileSync(join(sshd.home, name), "utf8");
    const logins = () => sshd.log().split("Accepted publickey").length - 1;

    test("is previewed without a connection, made, left alone, updated and removed, and keeps its secrets", async () => {
        const looked = await run("1", preview);
        expect(steps(looked)).toEqual(expect.arrayContaining(["create file", "create install", "create leak"]));
        expect(logins()).toBe(0);

        const made = await run("1");
        expect(made.diagnostics.filter((line) => line.startsWith("error"))).toEqual([]);
        expect(home("token")).toBe(JSON.stringify({ token: TOKEN, version: "1" }));
        expect(find(state, "install").outputs["stdout"]).toBe("version: 1");
        expect(find(state, "leak").outputs["stdout"]).toEqual(new Secret(TOKEN));
        expect(find(state, "install").outputs["connection"]).toBeInstanceOf(Secret);
        expect(logins()).toBe(1);

        const again = await run("1");
        expect(steps(again)).toEqual([]);
        expect(logins()).toBe(1);

        const updated = await run("2");
        expect(steps(updated)).toEqual(["update file", "update install"]);
        expect(find(state, "install").outputs["stdout"]).toBe("version: 2");

        const removed = await run("2", async (run) => await destroy(run, { preview: false }));
        expect(home("log")).toBe("installed\nupdated\nremoved\n");
        expect(existsSync(join(sshd.home, "etc/node.yaml"))).toBe(true);

        for (const ran of [looked, made, again, updated, removed]) {
            for (const text of [said(ran), ...ran.stored.flatMap((snapshot) => open(snapshot.resources))]) {
                expect(text).not.toContain(TOKEN);
                expect(text).not.toContain(sshd.privateKey.split("\n")[2]);
            }
        }
    });

    test("is interrupted, and leaves nothing running on the machine", async () => {
        const interrupt = new AbortController();
        const time = `6${process.pid}.5`;
        const running = runProgram({
            program: "slow.ts",
            project: { root: join(import.meta.dirname, "programs") },
            providers: { command: commandProvider },
            config: { "test:connection": JSON.stringify(sshd.connection), "test:time": time },
            secretKeys: ["test:connection"],
            signal: interrupt.signal,
        });
        await eventually(() => processesWith(`sleep\0${time}`).length === 1, "the command runs");
        interrupt.abort();
        const { diagnostics, stored } = await running;
        expect(processesWith(`sleep\0${time}`)).toEqual([]);
        // The whole connection is secret, its host among it.
        expect(diagnostics).toEqual(
            expect.arrayContaining([expect.stringMatching(/interrupted; the command and what it had started on .+ were ended$/)]),
        );
        // Nobody knows how far it came: the next run asks.
        expect(stored.at(-1)?.pendingOperations.map(({ type, resource }) => [type, resource.urn.split("::").at(-1)])).toEqual([
            ["creating", "slow"],
        ]);
    });
});

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtTools } from "../../../embedded/cluster/build.ts";
import { followAnnouncements, type Announcements } from "../../../embedded/cluster/enforcer/announcements.ts";
import { treeLayout } from "../../../embedded/cluster/layout.ts";
import { skipped } from "../support.ts";

const SANDBOX = "0123456789abcdef";
const tools = await builtTools(["node-init"]);
if (!tools) skipped("await-policies", "it is not built (npm start builds it)");

let root = "";
let announcements: Announcements;
const inForce = (): string[] => readdirSync(join(root, "addresses/in-force"));

async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "announced-"));
    announcements = followAnnouncements(treeLayout(root), () => {});
});
afterEach(() => {
    announcements.close();
    rmSync(root, { recursive: true, force: true });
});

const write = (name: string, text: string): void => writeFileSync(join(root, "addresses/announced", name), text);

describe("the announcements of a node", () => {
    it("are those whose file is whole, and gone with their file and its confirmation", async () => {
        write("not-a-sandbox", '{"uid":"u","address":"10.244.1.2"}');
        write("aaaaaaaa", "{");
        write("bbbbbbbb", '{"uid":"u","address":"10.244.1.2; flush ruleset"}');
        write(SANDBOX, '{"uid":"u","address":"10.244.1.2"}');
        await until(() => announcements.current.length > 0);
        expect(announcements.current).toEqual([{ sandbox: SANDBOX, uid: "u", address: "10.244.1.2" }]);
        for (const each of announcements.current) announcements.confirm(each);
        expect(inForce()).toEqual([SANDBOX]);
        rmSync(join(root, "addresses/announced", SANDBOX));
        await until(() => announcements.current.length === 0);
        expect(inForce()).toEqual([]);
    });

    it("are read again by the next enforcer", () => {
        write(SANDBOX, '{"uid":"u","address":"10.244.1.2"}');
        announcements.close();
        announcements = followAnnouncements(treeLayout(root), () => {});
        expect(announcements.current.map(({ uid }) => uid)).toEqual(["u"]);
    });
});

(tools ? describe : describe.skip)("the network plugin", () => {
    const RESULT = { cniVersion: "1.0.0", ips: [{ address: "10.244.1.9/24" }] };

    /** Runs the plugin as a container runtime does; answers what it printed once it ended. */
    function plugin(
        command: string,
        change: Readonly<Record<string, string>> = {},
    ): { readonly ended: () => boolean; readonly output: Promise<string> } {
        const child = spawn(join(tools?.["node-init"] ?? "", "await-policies"), {
            env: {
                CNI_COMMAND: command,
                CNI_CONTAINERID: SANDBOX,
                CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=x;K8S_POD_UID=u-1",
                ...change,
            },
            stdio: ["pipe", "pipe", "ignore"],
        });
        let text = "";
        child.stdout.on("data", (part: Buffer) => (text += part.toString()));
        child.stdin.end(JSON.stringify({ cniVersion: "1.0.0", folder: join(root, "addresses"), prevResult: RESULT }));
        const output = new Promise<string>((resolve) => child.on("close", () => resolve(text)));
        return { ended: () => child.exitCode !== null, output };
    }

    it("announces a pod's address and lets it begin when its rules are in force", async () => {
        const { ended, output } = plugin("ADD");
        await until(() => announcements.current.length > 0);
        expect(announcements.current).toEqual([{ sandbox: SANDBOX, uid: "u-1", address: "10.244.1.9" }]);
        expect(ended()).toBe(false);
        for (const each of announcements.current) announcements.confirm(each);
        expect(JSON.parse(await output)).toEqual(RESULT);
        await plugin("DEL").output;
        await until(() => announcements.current.length === 0);
        expect(existsSync(join(root, "addresses/announced", SANDBOX))).toBe(false);
    });

    it("lets a pod begin without an enforcer, after a while", async () => {
        announcements.close();
        expect(JSON.parse(await plugin("ADD").output)).toEqual(RESULT);
        expect(inForce()).toEqual([]);
    });

    it("takes away twice without complaint, and says what it is", async () => {
        mkdirSync(join(root, "addresses/announced"), { recursive: true });
        expect(await plugin("DEL").output).toBe("");
        expect(JSON.parse(await plugin("VERSION").output)).toMatchObject({ supportedVersions: expect.arrayContaining(["1.0.0"]) });
    });

    it("refuses a configuration that it cannot read, in the runtime's words", async () => {
        const child = spawn(join(tools?.["node-init"] ?? "", "await-policies"), {
            env: { CNI_COMMAND: "ADD" },
            stdio: ["pipe", "pipe", "ignore"],
        });
        let text = "";
        child.stdout.on("data", (part: Buffer) => (text += part.toString()));
        child.stdin.end("{");
        const code = await new Promise((resolve) => child.on("close", resolve));
        expect([code, JSON.parse(text)]).toMatchObject([1, { code: 999, msg: expect.stringContaining("configuration cannot be read") }]);
    });
});

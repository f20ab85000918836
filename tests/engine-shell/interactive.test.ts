/** What a user at a terminal sees and is asked; python3 is the terminal. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../../embedded/common/paths.ts";
import { stripColors } from "../../embedded/engine/display/colors.ts";
import { PASSPHRASE, projectFolder, removeFolders } from "./support.ts";

const missing = spawnSync("python3", ["-c", "import pty"]).status !== 0;
if (missing) console.warn("skipped: commands at a terminal, because python3 is not installed");

const PROGRAM = `import * as random from "@pulumi/random";
import * as pulumi from "@pulumi/pulumi";
class Group extends pulumi.ComponentResource {
    constructor(name) {
        super("trial:index:Group", name);
        new random.RandomId("inner", { byteLength: 2 }, { parent: this });
        this.registerOutputs({});
    }
}
new Group("group");
export const id = new random.RandomId("id", { byteLength: 4 }).hex;
export const hidden = pulumi.secret("geheim");
`;

interface Seen {
    readonly code: number | null;
    /** Everything that was written, with its control sequences. */
    readonly raw: string;
    /** The lines as they would be read on paper. */
    readonly text: string;
}

/** Runs a command at a terminal. @param answers texts to wait for, and what is typed then */
function terminal(
    folder: string,
    args: readonly string[],
    answers: readonly [string, string][],
    env: Record<string, string> = {},
): Promise<Seen> {
    const script = `import { main } from ${JSON.stringify(join(projectRoot, "embedded/engine/cli.ts"))}; process.exitCode = await main(process.argv.slice(1));`;
    const command = [process.execPath, "--input-type=module", "--eval", script, "--", ...args];
    const child = spawn("python3", [join(import.meta.dirname, "terminal.py"), JSON.stringify(answers), ...command], {
        cwd: folder,
        stdio: ["ignore", "pipe", "inherit"],
        env: {
            PATH: process.env["PATH"],
            HOME: process.env["HOME"],
            TERM: "xterm-256color",
            PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
            PULUMI_BACKEND_URL: `file://${folder}/state`,
            MCP_PLATFORM_STATE: join(folder, "state"),
            PULUMI_STACK: "dev",
            ...env,
        },
    });
    let raw = "";
    child.stdout.setEncoding("utf8").on("data", (data: string) => (raw += data));
    return new Promise((resolve) =>
        child.on("close", (code) => resolve({ code, raw, text: stripColors(raw).replaceAll("\r\n", "\n").replaceAll("\r", "") })),
    );
}

(missing ? describe.skip : describe)("at a terminal", () => {
    let folder = "";
    const stateFile = (): string => join(folder, "state/.pulumi/stacks/trial/dev.json");
    beforeAll(async () => {
        folder = await projectFolder({
            "Pulumi.yaml": "name: trial\nruntime: { name: nodejs, options: { typescript: false } }\n",
            "Pulumi.dev.yaml": "# mine\n",
            "index.js": PROGRAM,
        });
    });
    afterAll(removeFolders);

    test("up shows the preview, asks, shows details on demand, and does nothing after a no", async () => {
        const seen = await terminal(
            folder,
            ["up"],
            [
                ["[yes/no/details]", "details\n"],
                ["[yes/no/details]", "what\n"],
                ["[yes/no/details]", "n\n"],
            ],
        );
        expect(seen.code).toBe(1);
        expect(seen.text).toContain("Previewing update (dev):");
        expect(seen.text).toMatch(/ \+ {2} +├─ trial:index:Group +group +create *\n \+ {2} +│ {2}└─ random:index:RandomId +inner +create/);
        expect(seen.text.match(/Do you want to perform this update\?/g)).toHaveLength(3);
        expect(seen.text).toContain("+ random:index:RandomId: (create)");
        expect(seen.text).toContain("confirmation declined, not proceeding with the update");
        expect(JSON.parse(await readFile(stateFile(), "utf8"))).not.toHaveProperty("checkpoint.latest.resources");
        expect(await readdir(join(folder, "state/.pulumi/locks/organization/trial/dev"))).toEqual([]);
    }, 60_000);

    test("up makes it after a yes, redraws its tree in place, in colour, with times, and hides secrets", async () => {
        const seen = await terminal(folder, ["up"], [["[yes/no/details]", "yes\n"]]);
        expect(seen.code).toBe(0);
        expect(seen.raw).toContain("A\r\u001b[0J");
        expect(seen.raw).toContain("\u001b[32m");
        expect(seen.text).toMatch(/└─ random:index:RandomId +id +created \(\d+\.\d\ds\)/);
        expect(seen.text).toContain('  + hidden: [secret]\n  + id    : "');
        expect(seen.text).toContain("4 created");
        expect(seen.raw).not.toContain("geheim");
    }, 60_000);

    test("a question that is interrupted ends the command without a change", async () => {
        const before = await readFile(stateFile(), "utf8");
        const seen = await terminal(folder, ["destroy"], [["[yes/no/details]", "\u0003"]]);
        expect(seen.code).toBe(1);
        expect(seen.text).toContain("confirmation declined, not proceeding with the destroy");
        expect(await readFile(stateFile(), "utf8")).toBe(before);
    }, 60_000);

    test.each([
        [["--color", "never"], {}],
        [[], { NO_COLOR: "1" }],
        [[], { TERM: "dumb" }],
    ])("preview with %j and %j has no colours", async (args, env) => {
        const seen = await terminal(folder, ["preview", ...args], [], env);
        expect(seen.code).toBe(0);
        expect(seen.raw.split("\u001b[").filter((text) => /^[\d;]+m/.test(text))).toEqual([]);
    });

    test("config set asks for a secret, and what is typed is not seen", async () => {
        const seen = await terminal(folder, ["config", "set", "--secret", "token"], [["value: ", "sesame\n"]]);
        expect(seen).toMatchObject({ code: 0 });
        expect(seen.raw).not.toContain("sesame");
        const { config } = parse(await readFile(join(folder, "Pulumi.dev.yaml"), "utf8")) as { config: Record<string, { secure: string }> };
        expect(config["trial:token"]?.secure).toMatch(/^v1:/);
        const got = await terminal(folder, ["config", "get", "token"], []);
        expect(got.text).toBe("sesame\n");
    }, 60_000);

    test.each([
        ["Ctrl-C", "\u0003"],
        ["the end of the input", "\u0004"],
    ])("%s in place of a value changes nothing", async (_what, key) => {
        const before = await readFile(join(folder, "Pulumi.dev.yaml"), "utf8");
        const seen = await terminal(folder, ["config", "set", "--secret", "other"], [["value: ", key]]);
        expect(seen.code).toBe(255);
        expect(seen.text).toContain("error: Interrupted: nothing was changed.\n");
        expect(seen.text).not.toContain("    at ");
        expect(await readFile(join(folder, "Pulumi.dev.yaml"), "utf8")).toBe(before);
    });

    test("stack rm asks for the name of the stack", async () => {
        const refused = await terminal(folder, ["stack", "rm", "--force"], [["typing", "prod\n"]]);
        expect(refused.code).toBe(1);
        expect(existsSync(stateFile())).toBe(true);
        const removed = await terminal(folder, ["stack", "rm", "--force", "--preserve-config"], [["typing", "dev\n"]]);
        expect(removed.code).toBe(0);
        expect(existsSync(stateFile())).toBe(false);
        await writeFile(join(folder, "Pulumi.dev.yaml"), "");
    }, 60_000);
});

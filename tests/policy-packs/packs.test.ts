/** Several packs, their configuration, and packs that do not do what they should. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../embedded/common/paths.ts";
import { packsOf } from "../../embedded/engine/commands/policies.ts";
import { readPackFolder } from "../../embedded/engine/policy/pack-file.ts";
import { startPack } from "../../embedded/engine/policy/pack-process.ts";
import { Secret } from "../../embedded/engine/values.ts";
import { govern, open, PACKS, thing, urnOf } from "./support.ts";

let folder = "";
beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "policy-packs-"));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

/** Writes a pack, or the parts of one. */
async function pack(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const path = join(folder, name);
    await mkdir(path, { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
    return path;
}

async function file(name: string, content: unknown): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
}

const PLAIN = {
    "PulumiPolicy.yaml": "runtime: nodejs",
    "package.json": '{"name":"p","version":"1.0.0","type":"module","main":"index.mts"}',
};

/** Whether a process runs. */
function runs(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}

test("two packs correct one after the other, are configured by their files, and end with the run", async () => {
    const config = await file("rules.json", {
        all: "disabled",
        limit: { enforcementLevel: "mandatory", names: ["x"] },
        "is-remediate": "remediate",
        stops: "advisory",
    });
    const { gate, loaded } = await open([{ path: "rules", config }, { path: "second" }]);
    expect(loaded.map(({ pack: name, packVersion }) => `${name} ${packVersion}`)).toEqual(["rules 1.2.3", "second 9.0.0"]);
    try {
        const ran = await govern(gate, false, [
            thing("configured", { ask: "limit" }),
            thing("mended", { ask: "remediate", value: "broken" }),
            thing("off", { ask: "mandatory" }),
        ]);
        expect(ran.violations).toEqual([
            '[mandatory] limit (configured): {"most":10,"names":["x"]}',
            '[advisory] configured (configured): {"word":"initial"}',
        ]);
        expect(ran.rejected).toEqual(["configured"]);
        const mended = ran.snapshot.resources.find(({ urn }) => urn === urnOf("mended"));
        expect(mended?.inputs).toEqual({ ask: "remediate", value: "mended twice", token: new Secret("set by the second pack") });
        expect(ran.events.flatMap((event) => (event.type === "policy-remediation" ? [`${event.pack} ${event.policy}`] : []))).toEqual([
            "rules is-remediate",
            "second after-the-first",
        ]);

        const dead = await govern(gate, false, [thing("a", { ask: "dies" }), thing("b", {}), thing("c", {})]);
        expect(dead).toMatchObject({ failed: true, rejected: ["a", "b", "c"] });
        expect(dead.errors).toEqual([expect.stringMatching(/^The policy pack rules ended with exit code 7 while it was asked/)]);
        expect(dead.world.names()).toEqual([]);
    } finally {
        await gate.close();
    }
}, 60_000);

test("an interrupted run ends its packs and waits for no rule", async () => {
    const interrupt = new AbortController();
    const { gate, lines } = await open([{ path: "rules" }], interrupt.signal);
    const running = govern(gate, false, [thing("a", { ask: "hangs" })], undefined, undefined, interrupt.signal);
    let pid: number | undefined;
    while (pid === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        pid = lines
            .flatMap((line) => (/hangs in (\d+)/.exec(line)?.[1] ?? "").split(" "))
            .map(Number)
            .find(Boolean);
    }
    expect(runs(pid)).toBe(true);
    interrupt.abort();
    expect(await running).toMatchObject({ rejected: ["a"], errors: [] });
    await gate.close();
    expect(runs(pid)).toBe(false);
}, 60_000);

test("a pack ends with the engine's process, however that ends", async () => {
    const path = await pack("stays", {
        ...PLAIN,
        "index.mts": "console.error(process.pid);\nconsole.log(1);\nsetInterval(() => {}, 1000);",
    });
    const script = `
        import { readPackFolder } from "${projectRoot}/embedded/engine/policy/pack-file.ts";
        import { startPack } from "${projectRoot}/embedded/engine/policy/pack-process.ts";
        const pack = await readPackFolder(${JSON.stringify(path)}, "/");
        await startPack(pack, { settings: {}, signal: new AbortController().signal, onLine: (line) => console.log(line) });
    `;
    const engine = spawn(process.execPath, ["--input-type=module", "--eval", script], {
        env: { ...process.env, NODE_OPTIONS: "" },
        stdio: ["ignore", "pipe", "inherit"],
    });
    const pid = Number(await new Promise<Buffer>((resolve) => engine.stdout.once("data", resolve)));
    expect(runs(pid)).toBe(true);
    engine.kill("SIGKILL");
    while (runs(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}, 60_000);

describe("a configuration file", () => {
    const cases: [name: string, content: unknown, message: string][] = [
        ["that is not JSON", "{ all: advisory", "is not JSON"],
        ["that is a list", "[]", "must be a JSON object of policies, found []"],
        [
            "with an unknown level",
            { limit: "strict" },
            'limit: must be one of advisory, mandatory, remediate, disabled, or an object, found "strict"',
        ],
        [
            "with an unknown level in an object",
            { limit: { enforcementLevel: 1 } },
            "limit.enforcementLevel: must be one of advisory, mandatory, remediate, disabled, found 1",
        ],
        ["with environments of the cloud", { environments: ["a/b"] }, "environments: environments of Pulumi Cloud are not supported"],
    ];
    test.each(cases)("%s is refused", async (name, content, message) => {
        const config = await file(`${name}.json`, content);
        await expect(open([{ path: "rules", config }])).rejects.toThrow(message);
    });

    test("that is not there is refused by name", async () => {
        await expect(open([{ path: "rules", config: "missing.json" }])).rejects.toThrow(
            "missing.json (--policy-pack-config) does not exist",
        );
    });

    test("with policies, properties and values that the pack does not have is refused with all of them", async () => {
        const config = await file("wrong.json", {
            limt: "advisory",
            limit: { most: "ten", names: ["x", 2] },
            "counts-things": { most: 1.5 },
        });
        await expect(open([{ path: "rules", config }])).rejects.toThrow(
            [
                `${config} has 4 mistakes in the configuration of policies:`,
                "  - limt: the policy pack rules has no such policy; it has is-advisory, is-mandatory, is-disabled, is-remediate, limit, sees, reads-value, stops, counts-things",
                '  - limit.most: expected number, found "ten"',
                "  - limit.names.1: expected string, found 2",
                "  - counts-things.most: expected int, found 1.5",
            ].join("\n"),
        );
    }, 60_000);

    test("is paired with its pack by order", () => {
        expect(packsOf({ "policy-pack": ["a", "b"], "policy-pack-config": ["x,y"] })).toEqual([
            { path: "a", config: "x" },
            { path: "b", config: "y" },
        ]);
        expect(packsOf({ "policy-pack": ["a"] })).toEqual([{ path: "a", config: undefined }]);
        expect(() => packsOf({ "policy-pack": ["a", "b"], "policy-pack-config": ["x"] })).toThrow(
            "There are 2 --policy-pack and 1 --policy-pack-config",
        );
    });
});

describe("a policy pack", () => {
    const cases: [name: string, files: Readonly<Record<string, string>>, message: string | RegExp][] = [
        ["without PulumiPolicy.yaml", {}, "has no PulumiPolicy.yaml"],
        ["without package.json", { "PulumiPolicy.yaml": "runtime: nodejs" }, "has no package.json"],
        ["of another language", { "PulumiPolicy.yaml": "runtime: python" }, 'runtime is "python"'],
        ["with malformed YAML", { "PulumiPolicy.yaml": "runtime: [" }, "is not valid YAML"],
        [
            "that throws when it starts",
            { ...PLAIN, "index.mts": 'function broken(): never {\n  throw new Error("not today");\n}\nbroken();' },
            /ended with exit code 32 before it was ready\. It said:\n[^]*not today[^]*index\.mts:2/,
        ],
        [
            "whose dependencies are not installed",
            { ...PLAIN, "index.mts": 'import "@pulumi/policy";' },
            /not installed: run "npm install" in/,
        ],
        [
            "that the SDK's old TypeScript cannot read",
            { ...PLAIN, "package.json": '{"name":"p","version":"1.0.0"}', "index.ts": "export const x = 1 satisfies number;" },
            /name the entry index\.mts, which Node runs as it is\. It said:\n[^]*index\.ts\(1,/,
        ],
        ["without its entry", PLAIN, /before it was ready[^]*index\.mts/],
        [
            "that prints a number of its own first",
            { ...PLAIN, "index.mts": "console.log(1);\nsetInterval(() => {}, 1000);" },
            "does not answer as one on the port that it printed",
        ],
        ["that makes no pack", { ...PLAIN, "index.mts": "" }, "Does its entry make a new PolicyPack(…)?"],
    ];
    test.each(cases)(
        "%s is refused",
        async (name, files, message) => {
            const path = await pack(name, files);
            const refusal = open([{ path }]);
            await expect(refusal).rejects.toThrow(message);
            await expect(refusal).rejects.not.toThrow("node_modules");
        },
        60_000,
    );

    test("that takes long to start is mentioned, and an interruption ends the wait", async () => {
        const path = await pack("slow", { ...PLAIN, "index.mts": "setInterval(() => {}, 1000);" });
        const interrupt = new AbortController();
        const waits: string[] = [];
        const opening = open([{ path }], interrupt.signal, (text) => {
            waits.push(text);
            interrupt.abort(new Error("the user's wish"));
        });
        await expect(opening).rejects.toThrow("the user's wish");
        expect(waits).toEqual([expect.stringMatching(/^Waiting for the policy pack .*slow to start \(\d+ s\)$/)]);
    }, 60_000);

    test("runs as it is: no TypeScript can be resolved that the SDK's runner would load in its place", () => {
        expect(() => createRequire(join(PACKS, "rules/package.json")).resolve("typescript")).toThrow("Cannot find module 'typescript'");
    });

    test("that is not there is refused", async () => {
        await expect(open([{ path: "nowhere" }])).rejects.toThrow("The policy pack nowhere (--policy-pack) does not exist");
    });

    test("that never says where it listens is given up and ended", async () => {
        const path = await pack("silent", { ...PLAIN, "index.mts": "console.error(`pid ${process.pid}`);\nsetInterval(() => {}, 1000);" });
        const options = { settings: {}, onLine: () => {}, signal: new AbortController().signal, startMs: 1500 };
        const failure = await startPack(await readPackFolder(path, folder), options).catch((error: unknown) => String(error));
        expect(failure).toMatch(/did not start within 1\.5 s before it was ready\. It said:\n {4}pid \d+$/);
        expect(runs(Number(/\d+$/.exec(String(failure))?.[0]))).toBe(false);
    }, 60_000);
});

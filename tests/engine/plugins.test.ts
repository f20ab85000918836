import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { destroy, preview, refresh } from "../../embedded/engine/index.ts";
import { Secret, Unknown } from "../../embedded/engine/values.ts";
import { installedPlugin, type PluginPlaces } from "../../embedded/engine/plugins/locate.ts";
import { startPlugin } from "../../embedded/engine/plugins/process.ts";
import { PluginHome } from "./support/plugins.ts";
import { find, runProgram, steps, type Ran, type RunSetup } from "./support/runs.ts";

const home = new PluginHome();
home.install("1.2.3");
afterAll(() => home.remove());

function run(
    steer: Record<string, Record<string, unknown>>,
    more: Partial<RunSetup> = {},
    operation?: Parameters<typeof runProgram>[1],
): Promise<Ran> {
    return runProgram({ program: "outside.ts", providers: {}, steer, ...more }, operation);
}

const noThings = (ran: Ran): string[] => ran.diagnostics.filter((line) => !line.startsWith("warning: using"));

const named = (path: string, version?: string) => ({ plugins: [{ name: "outside", path, version }] });

describe("an installed plugin", () => {
    let first: Ran;
    beforeAll(async () => {
        first = await run({}, { config: { "test:kinds": "all", "test:version": "1.2.3" } });
    });

    test("makes objects, with values as built-in providers get them", () => {
        expect(noThings(first)).toEqual([]);
        const id = "source-id";
        const [source, all] = home.log();
        expect(source).toBe('create source {"value":1}');
        expect(JSON.parse(all?.replace("create all ", "") ?? "")).toMatchObject({
            later: "generated for source",
            reference: id,
            secret: { deep: "hidden away" },
            asset: { text: "contents" },
            list: [1, true, null, { nested: "x" }],
        });
        expect(find(first.snapshot, "all").outputs).toMatchObject({
            secret: new Secret({ deep: "hidden away" }),
            generated: "generated for all",
        });
        expect(find(first.snapshot, "all").id).toBe("all-id");
    });

    test("answers functions", () => {
        expect(first.outputs["said"]).toMatchObject({ said: "generated for source" });
    });

    test("that has no previews leaves what it would make unknown, and is not asked for it", async () => {
        const shown = await run({}, { config: { "test:kinds": "all", "test:version": "1.2.3" } }, preview);
        expect(noThings(shown)).toEqual([]);
        expect(home.log()).toEqual([]);
        expect(shown.outputs["all"]).toBe(Unknown.instance);
    });

    test("updates, replaces, reads and deletes", async () => {
        const version = { "test:version": "1.2.3" };
        const made = await run({ a: { value: 1, secret: "quiet words" }, b: { key: 1 } }, { config: version });
        const changed = await run({ a: { value: 2, secret: "quiet words" }, b: { key: 2 } }, { config: version, snapshot: made.snapshot });
        expect(steps(changed)).toEqual(expect.arrayContaining(["update a", "create-replacement b", "replace b", "delete-replaced b"]));
        expect(find(changed.snapshot, "a").outputs["secret"]).toEqual(new Secret("quiet words"));
        expect(JSON.stringify(changed.events.filter(({ type }) => type === "diagnostic"))).not.toContain("quiet words");
        const seen = await run({}, { snapshot: changed.snapshot }, (engine) => refresh(engine, { preview: false }));
        expect(find(seen.snapshot, "a").outputs).toMatchObject({ seen: true, secret: new Secret("quiet words") });
        home.log();
        const gone = await run({}, { snapshot: seen.snapshot }, (engine) => destroy(engine, { preview: false }));
        expect(gone.failed).toBe(false);
        expect(
            home
                .log()
                .map((line) => line.split(" ").slice(0, 2).join(" "))
                .toSorted(),
        ).toEqual(["delete a", "delete b"]);
        expect(gone.snapshot.resources).toEqual([]);
    });

    test("refuses inputs, refuses operations, and leaves objects that are not ready in the state", async () => {
        const ran = await run(
            { invalid: { invalid: true }, refused: { failOn: "create" }, half: { partialOn: "create" } },
            { config: { "test:version": "1.2.3" } },
        );
        home.log();
        expect(ran.diagnostics.filter((line) => line.startsWith("error")).toSorted()).toEqual([
            'error: "invalid" (outside:index:Thing) has invalid inputs:\n  property "invalid": must not be',
            "error: creating failed: create was refused outside",
            "error: creating failed: the object exists, but it is not ready\nit is slow",
        ]);
        expect(find(ran.snapshot, "half")).toMatchObject({
            id: "half-id",
            outputs: { half: true },
            initErrors: ["it is not ready", "it is slow"],
        });
        expect(() => find(ran.snapshot, "refused")).toThrow("no resource");
    });

    test("that ends during an operation is told of with its last words; the state says what is not known", async () => {
        const ran = await run({ doomed: { dieOn: "create" } }, { config: { "test:version": "1.2.3" } });
        expect(ran.diagnostics).toContain("info#err: the plugin is about to end");
        expect(ran.diagnostics.join("\n")).toContain('creating failed: the plugin of the package "outside" ended with exit code 3');
        expect(ran.snapshot.pendingOperations.map(({ type, resource }) => `${type} ${resource.urn.split("::").at(-1) ?? ""}`)).toEqual([
            "creating doomed",
        ]);
        home.log();
    });

    test("is told of an interruption, and what it ends with is kept", async () => {
        const controller = new AbortController();
        const interruption = setInterval(() => {
            if (home.log().some((line) => line.startsWith("create slow"))) controller.abort();
        }, 20);
        const ran = await run({ slow: { waitOn: "create" } }, { config: { "test:version": "1.2.3" }, signal: controller.signal });
        clearInterval(interruption);
        expect(ran.canceled).toBe(true);
        expect(find(ran.snapshot, "slow").id).toBe("slow-id");
        expect(ran.snapshot.pendingOperations).toEqual([]);
    });
});

function whole(name: string): Partial<RunSetup> {
    return { config: { "test:whole": name } };
}

describe("a component of another package", () => {
    test("is made by its plugin with its children, and answers calls of its methods", async () => {
        const ran = await run({}, whole("w"));
        expect(ran.diagnostics).toEqual([]);
        expect(home.log()).toEqual(["construct w outside:index:Whole", 'create w-part {"value":"hidden away"}']);
        expect(ran.outputs).toMatchObject({ said: "generated for w-part within w", answer: "outside:index:Whole/ask for you" });
        const part = find(ran.snapshot, "w-part");
        expect(part.parent).toBe("urn:pulumi:unit::test::outside:index:Whole::w");
        expect(part.inputs["value"]).toEqual(new Secret("hidden away"));
        expect(find(ran.snapshot, "w").outputs).toEqual({ said: "generated for w-part within w" });
        const again = await run({}, { ...whole("w"), snapshot: ran.snapshot });
        expect(steps(again)).toEqual([]);
        home.log();
    });

    test("is previewed", async () => {
        const shown = await run({}, whole("w"), preview);
        expect(shown.diagnostics).toEqual([]);
        expect(shown.outputs["said"]).toBe(Unknown.instance);
        expect(home.log()).toEqual(["construct w outside:index:Whole"]);
    });

    test("that refuses its inputs fails with the names of these", async () => {
        const ran = await run({}, whole("wrong"));
        expect(ran.diagnostics.join("\n")).toContain('bad\n  property "value": is wrong');
        home.log();
    });
});

function parameter(value: string): Partial<RunSetup> {
    return { config: { "test:parameter": value } };
}

describe("a package with a parameter", () => {
    test("is served by its plugin, which is told it first, also without the program", async () => {
        const ran = await run({}, parameter("some value"));
        expect(ran.diagnostics).toEqual([]);
        expect(home.log().toSorted()).toEqual([
            'create owned {"value":"owned"}',
            'create plain {"value":"plain"}',
            "parameterize within 7.0.0 some value",
            "parameterize within 7.0.0 some value",
        ]);
        const internal = { name: "outside", version: "1.2.3", parameterization: Buffer.from("some value").toString("base64") };
        expect(find(ran.snapshot, "own").inputs).toEqual({ region: "here", version: "7.0.0", __internal: internal });
        expect(find(ran.snapshot, "default_7_0_0").inputs).toEqual({ version: "7.0.0", __internal: internal });
        expect(find(ran.snapshot, "owned").provider).toContain("::own::");
        const again = await run({}, { ...parameter("some value"), snapshot: ran.snapshot });
        expect(steps(again)).toEqual([]);
        home.log();
        const gone = await run({}, { snapshot: ran.snapshot }, (engine) => destroy(engine, { preview: false }));
        expect(gone.snapshot.resources).toEqual([]);
        expect(home.log().filter((line) => line.startsWith("parameterize"))).toHaveLength(2);
    });

    test("is refused when the plugin makes another one of it", async () => {
        const ran = await run({}, parameter("wrong"));
        const reasons = ran.diagnostics.filter((line) => line.includes('says after its parameter that it serves "other"'));
        // The default provider and the program's own.
        expect(reasons).toHaveLength(2);
        expect(ran.diagnostics).toEqual(reasons);
        home.log();
    });
});

function places(environment: Record<string, string>): PluginPlaces {
    return {
        root: home.folder,
        settings: [],
        environment: { PULUMI_HOME: home.folder, PATH: "/usr/bin:/bin", ...environment },
    };
}

function found(version: string, environment: Record<string, string> = {}): ReturnType<typeof installedPlugin> {
    return installedPlugin(places(environment), { name: "outside", version });
}

function executable(...path: string[]): string {
    return join(home.folder, ...path, "pulumi-resource-outside");
}

describe("a plugin is", () => {
    test("refused in another version than the program asks for, with the places looked at", async () => {
        const ran = await run({ a: {} }, { config: { "test:version": "9.0.0" } });
        expect(ran.diagnostics.join("\n")).toMatch(
            /The package "outside" has no provider.*no plugin of it in version 9\.0\.0 is installed: looked for pulumi-resource-outside in \$PATH, and for .*resource-outside-v9\.0\.0 \(installed: v1\.2\.3\)/,
        );
    });

    test("found in the version asked for, or else the newest, once its installation is complete", () => {
        for (const version of ["1.10.0", "2.0.0"]) home.install(version);
        mkdirSync(join(home.folder, "plugins", "resource-outside-v2.0.0.partial"));
        expect(found("1.2.3")).toEqual({ executable: executable("plugins", "resource-outside-v1.2.3") });
        expect(found("v1.2.3")).toEqual(found("1.2.3"));
        expect(found("")).toEqual({ executable: executable("plugins", "resource-outside-v1.10.0") });
        expect(found("2.0.0")).toEqual({
            looked: [
                "pulumi-resource-outside in $PATH",
                `${join(home.folder, "plugins", "resource-outside-v2.0.0")} (installed: v1.2.3, v1.10.0)`,
            ],
        });
    });

    test("taken from $PATH with a remark, unless that is switched off", () => {
        const path = `/usr/bin:${home.place("bin")}`;
        expect(found("", { PATH: path })).toEqual({
            executable: executable("bin"),
            remark: `using ${executable("bin")} from $PATH for the package "outside", whatever its version`,
        });
        expect(found("", { PATH: path, PULUMI_IGNORE_AMBIENT_PLUGINS: "true", PULUMI_HOME: "/nowhere" })).toEqual({
            looked: ["not in $PATH, since PULUMI_IGNORE_AMBIENT_PLUGINS is set", "/nowhere/plugins/resource-outside-v*"],
        });
    });

    test.each([
        ["prints something else than a port", "echo hello there; sleep 60", /printed "hello there" where the port belongs/],
        [
            "ends before it says its port",
            "echo no licence >&2; exit 4",
            /ended with exit code 4 before it said its port; it printed last:\n {2}no licence/,
        ],
    ])("refused when it %s", async (_what, script, reason) => {
        const folder = home.place("broken", script);
        const options = { name: "outside", executable: executable("broken"), engineAddress: "", cwd: folder, onLine: () => {} };
        await expect(startPlugin(options)).rejects.toThrow(reason);
    });

    test("taken instead of the built-in provider when Pulumi.yaml names it, which has to be true", async () => {
        const builtIn = { outside: () => Promise.reject(new Error("the built-in provider is not to be used")) as never };
        home.place("own");
        home.log();
        const setup = { providers: builtIn, config: { "test:version": "1.2.3" } };
        const ran = await run({ a: {} }, { ...setup, project: named(join(home.folder, "own")) });
        expect(ran.diagnostics).toEqual([]);
        expect(home.log().map((line) => line.split(" {")[0])).toEqual(["create a"]);
        const wrong = await run({ a: {} }, { ...setup, project: named("./elsewhere", "1.2.3") });
        expect(wrong.diagnostics.join("\n")).toContain(
            'the plugin of "outside" is in ./elsewhere, but there is no executable pulumi-resource-outside. Correct the path',
        );
        home.set({ PATH: `${home.place("bin")}:/usr/bin:/bin` });
        const other = await run({ a: {} }, { providers: {}, config: setup.config, project: named("./elsewhere", "2.0.0") });
        expect(other.diagnostics).toEqual([expect.stringMatching(/^warning: using .*pulumi-resource-outside from \$PATH/)]);
        expect(other.failed).toBe(false);
    });
});

test("no plugin is left running by any of these", () => {
    expect(home.running()).toEqual([]);
});

import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DEFINITIONS, definitionsFile } from "../../components/definitions/pins.ts";
import { definitions } from "../../components/definitions/read.ts";
import { projectRoot } from "../../embedded/common/paths.ts";
import { run } from "../../embedded/common/process.ts";
import { silent } from "../../embedded/common/progress.ts";
import { fetchDefinitions, isFetched } from "../../embedded/definitions/fetch.ts";
import { prepareDefinitions } from "../../bin/definitions.ts";

const before = { XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"], GOPROXY: process.env["GOPROXY"] };
let folder: string;

beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcp-platform-definitions-test-"));
});
afterEach(async () => {
    for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    }
    await rm(folder, { recursive: true, force: true });
});

test("what the modules ship is fetched, checked and read object by object", async () => {
    await prepareDefinitions(silent);
    expect(definitions("cert-manager").map(({ metadata }) => metadata.name)).toEqual([
        "certificaterequests.cert-manager.io",
        "certificates.cert-manager.io",
        "challenges.acme.cert-manager.io",
        "clusterissuers.cert-manager.io",
        "issuers.cert-manager.io",
        "orders.acme.cert-manager.io",
    ]);
    expect(definitions("traefik").map(({ metadata }) => metadata.name)).toEqual(
        expect.arrayContaining(["ingressroutes.traefik.io", "middlewares.traefik.io", "serverstransports.traefik.io"]),
    );
    for (const name of ["cert-manager", "traefik"] as const)
        expect(definitions(name).every(({ kind }) => kind === "CustomResourceDefinition")).toBe(true);
});

test("without them the program says which command fetches them", () => {
    process.env["XDG_CACHE_HOME"] = folder;
    expect(() => definitions("traefik")).toThrow(
        `The CustomResourceDefinitions of traefik v3.6.7 are not on this machine (${definitionsFile("traefik")}): run npm run definitions, which fetches them into the cache once.`,
    );
});

test("a stack that lacks them makes nothing at all", async () => {
    const env = { XDG_CACHE_HOME: folder, MCP_PLATFORM_STATE: folder, PULUMI_CONFIG_PASSPHRASE: "test", NO_COLOR: "1" };
    const { code, stdout } = await run(process.execPath, ["bin/main.ts", "preview", "--stack", "prod"], { cwd: projectRoot, env });
    expect(code).toBe(1);
    expect(stdout).toContain("error: The CustomResourceDefinitions of traefik v3.6.7 are not on this machine");
    expect(stdout).toMatch(/Resources:\n {4}\+ 1 to create\n/); // the stack itself
});

test("a file that was cut short is refused by the program and fetched again by the command", async () => {
    process.env["XDG_CACHE_HOME"] = folder;
    const file = definitionsFile("traefik");
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, "[]\n");
    expect(() => definitions("traefik")).toThrow(/are damaged: run npm run definitions/);
    await prepareDefinitions(silent);
    expect(definitions("traefik").length).toBeGreaterThan(5);
    expect(await readdir(dirname(file))).toHaveLength(2);
});

test("a module that is not what the pin says is refused, and nothing is kept", async () => {
    const pin = { ...DEFINITIONS.traefik };
    const target = join(folder, "kept.json");
    await expect(fetchDefinitions({ ...pin, sum: "h1:other" }, target, silent)).rejects.toThrow(
        /instead of h1:other: it is not the module/,
    );
    const sha256 = createHash("sha256").update("other").digest("hex");
    await expect(fetchDefinitions({ ...pin, sha256 }, target, silent)).rejects.toThrow(
        `have sha256 ${pin.sha256} instead of ${sha256}: the pin or the module was changed; nothing was kept.`,
    );
    expect(await readdir(folder)).toEqual([]);
    expect(await isFetched(target, pin.sha256)).toBe(false);
});

test("a module that does not exist is named with what Go says", async () => {
    process.env["GOPROXY"] = "off";
    const pin = { ...DEFINITIONS.traefik, version: "v0.0.1" };
    await expect(fetchDefinitions(pin, join(folder, "kept.json"), silent)).rejects.toThrow(
        /^Go could not fetch github.com\/traefik\/traefik\/v3 v0.0.1: /,
    );
});

/** The commands as a user calls them, with input that cannot work: a sentence, exit code 255, and nothing changed. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { projectRoot } from "../../embedded/common/paths.ts";
import { run, type RunResult } from "../../embedded/common/process.ts";
import { freePorts } from "../support/ports.ts";

let folder = "";
let file = "";
beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bad-input-"));
    file = join(folder, "settings.yaml");
});
afterAll(() => rm(folder, { recursive: true }));

const state = (): string => join(folder, "state");

function command(args: readonly string[], env: Record<string, string | undefined> = {}): Promise<RunResult> {
    const own = { MCP_PLATFORM_STATE: state(), XDG_CACHE_HOME: join(folder, "cache"), NO_COLOR: "1", PULUMI_BACKEND_URL: undefined };
    return run(process.execPath, [join(projectRoot, "bin/main.ts"), ...args], { cwd: projectRoot, env: { ...own, ...env } });
}

/** What was said, after making sure that it was said as a mistake of the user and that nothing was made. */
async function refused(args: readonly string[], env: Record<string, string | undefined> = {}): Promise<string> {
    const { code, stdout, stderr } = await command(args, env);
    expect({ code, stdout, stack: /^\s+at /m.test(stderr) }).toEqual({ code: 255, stdout: "", stack: false });
    expect(existsSync(state())).toBe(false);
    return stderr;
}

const WRONG = `config:
  mcp-platform:topology: { kind: k8s }
  mcp-platform:domian: example.com
  mcp-platform:pushImages: examples/everything
  mcp-platform:servers: { a: { image: "x:1", transport: sse } }
`;

test.each([["start"], ["preview"], ["up", "--yes"]])("%s names every wrong setting at once and changes nothing", async (name, ...more) => {
    await writeFile(file, WRONG);
    const text = await refused([name, ...more, ...(name === "start" ? [] : ["--stack", "embedded"]), "--config-file", file]);
    expect(text).toContain(`error: 4 settings in ${file} are wrong:`);
    for (const key of ["pushImages: must be an array", 'topology.kind is "k8s"', "domian is not a setting: did you mean domain?"])
        expect(text).toContain(key);
    expect(text).toContain('servers.a.transport is "sse": use "stdio" or "streamable-http"');
});

test("a key beside config that nobody reads is refused", async () => {
    await writeFile(file, "confg:\n  mcp-platform:domain: example.com\n");
    expect(await refused(["start", "--config-file", file])).toContain("has the key confg");
});

test("start refuses settings without a server to call", async () => {
    await writeFile(file, "config: {}\n");
    expect(await refused(["start", "--config-file", file])).toContain("declares no MCP server");
});

test("encrypted values without their salt are refused by what is missing", async () => {
    await writeFile(file, 'config:\n  mcp-platform:domain: { secure: "v1:a:b" }\n');
    expect(await refused(["start", "--config-file", file])).toContain("no encryptionsalt");
});

test.each([["0"], ["x"], ["1.5"], ["10"]])("start refuses --nodes %s", async (nodes) => {
    expect(await refused(["start", "--nodes", nodes])).toContain(`--nodes must be a number from 1 to 9, found "${nodes}"`);
});

const isRoot = process.getuid?.() === 0;
const describeAsRoot = isRoot ? describe : describe.skip;
if (!isRoot) console.warn("skipped: what npm start looks at before it builds, because that needs root");

async function embeddedSettings(apiPort: number): Promise<void> {
    const [gatewayPort, gatewayTlsPort, registryPort] = await freePorts(3);
    const topology = JSON.stringify({ kind: "embedded", apiPort, gatewayPort, gatewayTlsPort, registryPort });
    await writeFile(
        file,
        `config:\n  mcp-platform:topology: ${topology}\n  mcp-platform:servers: { a: { image: "x:1", transport: streamable-http } }\n`,
    );
}

describeAsRoot("before anything is built", () => {
    test("start refuses an occupied port before it builds anything", async () => {
        const server = createServer();
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as { port: number };
        try {
            await embeddedSettings(port);
            const text = await refused(["start", "--config-file", file]);
            expect(text).toMatch(new RegExp(`^error: Port ${port} on 127.0.0.1 is occupied by .*change topology.apiPort in ${file}`));
            expect(text).not.toContain("building");
        } finally {
            server.close();
        }
    });

    test("start without root says so at once", async () => {
        const [port = 0] = await freePorts(1);
        await embeddedSettings(port);
        const home = join(folder, "home");
        await mkdir(home);
        // A checkout in a folder of root's own cannot be read by another user: there the process only says that it is one.
        const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        const readable = (await run("setpriv", [...nobody, "test", "-r", join(projectRoot, "bin/main.ts")])).code === 0;
        const [program, ...before] = readable
            ? ["setpriv", ...nobody, process.execPath]
            : [process.execPath, "--import", "data:text/javascript,process.getuid=()=>65534"];
        const { code, stderr } = await run(program ?? "", [...before, join(projectRoot, "bin/main.ts"), "start"], {
            cwd: projectRoot,
            env: {
                HOME: home,
                XDG_CACHE_HOME: join(home, "cache"),
                MCP_PLATFORM_STATE: join(home, "state"),
                NODE_COMPILE_CACHE: undefined,
            },
        });
        expect(stderr).toMatch(/^error: npm start needs root: .*sudo npm start/);
        expect(code).toBe(255);
    });
});

test("a state folder that cannot be one is refused by name", async () => {
    await writeFile(file, "");
    const { code, stderr } = await command(["preview", "--stack", "embedded"], { MCP_PLATFORM_STATE: file });
    expect(stderr).toMatch(`error: The state folder ${file} cannot be used`);
    expect(code).toBe(255);
});

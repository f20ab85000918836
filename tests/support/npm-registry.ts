/** A named double of an npm registry: a program that serves one package, an MCP server of a few lines with the tool `greet`. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { OUTSIDE } from "./outside.ts";

export const PACKAGE = { name: "tiny-mcp-server", version: "1.2.3" } as const;
const PORT = 4873;
/** On the internet, as far as policies can tell: MCP servers reach no registry in a private network. */
export const REGISTRY_URL = `http://${OUTSIDE.internet}:${PORT}`;

const SERVER = `#!/usr/bin/env node
import { createInterface } from "node:readline";
const answers = {
    initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "tiny", version: "1.2.3" } }),
    ping: () => ({}),
    "tools/list": () => ({ tools: [{ name: "greet", inputSchema: { type: "object" } }] }),
    "tools/call": () => ({ content: [{ type: "text", text: "greetings from " + process.argv[2] }] }),
};
createInterface({ input: process.stdin }).on("line", (line) => {
    const { id, method, params } = JSON.parse(line);
    if (id === undefined) return;
    const answer = answers[method];
    const outcome = answer ? { result: answer(params) } : { error: { code: -32601, message: "no " + method } };
    console.log(JSON.stringify({ jsonrpc: "2.0", id, ...outcome }));
});
`;

const REGISTRY = `
const tarball = Buffer.from(process.env.TARBALL, "base64");
require("node:http").createServer((request, response) => {
    const path = decodeURIComponent(request.url);
    if (path === "/${PACKAGE.name}") response.setHeader("content-type", "application/json").end(process.env.PACKUMENT);
    else if (path === "/${PACKAGE.name}.tgz") response.end(tarball);
    else response.writeHead(404).end("{}");
}).listen(${PORT});
`;

/** The registry as a program of Node, with what it needs in its environment. */
export async function npmRegistry(): Promise<{ readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> }> {
    const tarball = await pack();
    const manifest = { ...PACKAGE, type: "module", bin: { [PACKAGE.name]: "server.js" } };
    const dist = {
        tarball: `${REGISTRY_URL}/${PACKAGE.name}.tgz`,
        integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}`,
    };
    const packument = {
        name: PACKAGE.name,
        "dist-tags": { latest: PACKAGE.version },
        versions: { [PACKAGE.version]: { ...manifest, dist } },
    };
    return {
        argv: [process.execPath, "-e", REGISTRY],
        env: { TARBALL: tarball.toString("base64"), PACKUMENT: JSON.stringify(packument), NODE_OPTIONS: "" },
    };
}

async function pack(): Promise<Buffer> {
    const folder = await mkdtemp(join(tmpdir(), "npm-package-"));
    try {
        await mkdir(join(folder, "package"));
        const manifest = { ...PACKAGE, type: "module", bin: { [PACKAGE.name]: "server.js" } };
        await writeFile(join(folder, "package/package.json"), JSON.stringify(manifest));
        await writeFile(join(folder, "package/server.js"), SERVER, { mode: 0o755 });
        await promisify(execFile)("tar", ["-czf", "package.tgz", "package"], { cwd: folder });
        return await readFile(join(folder, "package.tgz"));
    } finally {
        await rm(folder, { recursive: true });
    }
}

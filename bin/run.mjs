// What every `npm run …` goes through: makes sure that the dependencies and the pinned Node are there, then hands over
// to bin/main.ts under that Node. Plain JavaScript without dependencies, for it runs before anything is installed.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants, homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const USER_ERROR = 255;

const packagesOf = (path) => JSON.parse(readFileSync(join(root, path), "utf8")).packages;

/** Whether what is installed is what the lock file says; npm writes its own record last, so a broken-off install has none. */
function installed() {
    try {
        const have = packagesOf("node_modules/.package-lock.json");
        return Object.entries(packagesOf("package-lock.json")).every(
            ([path, wanted]) => !path.includes("node_modules/") || wanted.optional || wanted.link || have[path]?.version === wanted.version,
        );
    } catch {
        return false;
    }
}

/** Runs a program to its end; its output is kept and only shown when it fails. */
function quietly(command, args, label, usual) {
    return new Promise((resolve) => {
        const begun = Date.now();
        const seconds = () => Math.round((Date.now() - begun) / 1000);
        const live = process.stderr.isTTY && !process.env.CI;
        process.stderr.write(`  ${label} … (usually ${usual} s)${live ? "" : "\n"}`);
        const timer = setInterval(
            () => process.stderr.write(live ? `\r  ${label} … (${seconds()} of usually ${usual} s)` : `  … ${label} (${seconds()} s)\n`),
            live ? 1000 : 15000,
        );
        const output = [];
        const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
        child.stdout.on("data", (data) => output.push(data));
        child.stderr.on("data", (data) => output.push(data));
        const end = (ok, text) => {
            clearInterval(timer);
            process.stderr.write(`${live ? "\r\u001b[K" : ""}${ok ? "✔" : "✘"} ${label} ${seconds()} s\n${text}`);
            resolve(ok);
        };
        child.on("error", (error) => end(false, `${command} cannot be started: ${error.message}\n`));
        child.on("close", (code) => end(code === 0, code === 0 ? "" : Buffer.concat(output).toString()));
    });
}

async function install() {
    const npm = process.env.npm_execpath;
    const [command, args] = npm?.endsWith("js") ? [process.execPath, [npm, "ci"]] : ["npm", ["ci"]];
    const done = await quietly(
        command,
        [...args, "--no-progress", "--loglevel=error"],
        "installing the dependencies of package-lock.json",
        40,
    );
    if (!done) {
        console.error(
            "The dependencies could not be installed. Is the npm registry reachable, and is there space on the disk? Nothing else was changed.",
        );
        process.exit(USER_ERROR);
    }
}

/** The Node that runs everything: the pinned package, or this one where no package exists for the platform and it is new enough. */
function pinnedNode() {
    const packaged = join(root, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
    if (existsSync(packaged)) return packaged;
    if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
    console.error(
        `Node ${process.versions.node} is too old, and there is no packaged Node for ${process.platform} ${process.arch}: install Node 24 or newer and run the command again.`,
    );
    process.exit(USER_ERROR);
}

if (!installed()) await install();
const node = pinnedNode();
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "mcp-platform");
const child = spawn(node, [join(root, "bin", "main.ts"), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: {
        ...process.env,
        PATH: [dirname(node), join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(cache, "node-compile"),
    },
});
// A terminal sends its interrupt to the child as well; a signal sent to this process alone is passed on.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
process.on("SIGHUP", () => child.kill("SIGHUP"));
child.on("error", (error) => {
    console.error(`${node} cannot be started: ${error.message}`);
    process.exit(USER_ERROR);
});
child.on("close", (code, signal) => {
    process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1));
});

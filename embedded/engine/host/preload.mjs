// Runs in the program's process before anything else: takes the stack's settings, secrets among them, from a pipe, so
// that they are not in the environment that other processes and crash reports can see.
import { readFileSync } from "node:fs";
import module, { createRequire } from "node:module";
import { inspect, types } from "node:util";

Object.assign(process.env, JSON.parse(readFileSync(3, "utf8")));

// The SDK's runner has a package look up every frame of every stack in the source maps of the SDK itself, and it takes stacks of each
// resource. Node does the same for the program's own files alone, and need not where they are run as they were written.
const [, runner] = process.argv;
const requireOfRunner = createRequire(runner);
try {
    const path = requireOfRunner.resolve("source-map-support/register");
    requireOfRunner.cache[path] = Object.assign(new module.Module(path), { filename: path, loaded: true, exports: {} });
    if (!isTypeScript(process.argv.at(-1))) module.setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
} catch {
    // another version of the SDK, which does without
}

/** Whether the program is run from TypeScript as it is written. @param {string} entry its file, or `.` for the package's */
function isTypeScript(entry) {
    const file = entry === "." ? JSON.parse(readFileSync("package.json", "utf8")).main : entry;
    return /\.[cm]?ts$/.test(file);
}

// The SDK tells of objects that are no errors as "[object Object]", and fails over undefined.
const told = new Set();
process.on("unhandledRejection", (reason) => {
    if (types.isNativeError(reason)) {
        if (process.listenerCount("unhandledRejection") === 1) throw reason;
    } else if ((typeof reason === "object" || reason === undefined) && !told.has(reason)) {
        told.add(reason);
        console.error(`The program threw ${inspect(reason)}, which is no Error. Throw an Error that says what is wrong.`);
        if (!reason) process.exit(1);
    }
});

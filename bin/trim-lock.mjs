// `npm run lock`: writes package-lock.json anew from the package.json files, and makes it one that `npm ci` accepts
// wherever it was written. npm leaves optional packages for other platforms out when the registry in use lacks them,
// but goes on listing them where they are wanted, and `npm ci` then refuses its own lock file.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const folder = mkdtempSync(join(tmpdir(), "lock-"));
try {
    // Without what is installed: npm would only write down what fits this platform.
    for (const file of ["package.json", "package-lock.json", ".npmrc", ...workspaces.map((name) => `${name}/package.json`)])
        cpSync(join(root, file), join(folder, file), { recursive: true });
    const { status } = spawnSync("npm", ["install", "--package-lock-only"], { cwd: folder, stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 1);

    const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
    const present = new Set(Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, "")));
    for (const entry of Object.values(lock.packages)) {
        if (!entry.optionalDependencies || entry.workspaces) continue;
        entry.optionalDependencies = Object.fromEntries(Object.entries(entry.optionalDependencies).filter(([name]) => present.has(name)));
        if (!Object.keys(entry.optionalDependencies).length) delete entry.optionalDependencies;
    }
    writeFileSync(join(root, "package-lock.json"), `${JSON.stringify(lock, null, 2)}\n`);
} finally {
    rmSync(folder, { recursive: true });
}

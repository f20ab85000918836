import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";

/** Prints what is loaded of the packages when the settings' module is. */
const LOADED = `
import { registerHooks } from "node:module";
const packages = new Set();
registerHooks({
    load(url, context, next) {
        const [, name] = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? [];
        if (name) packages.add(name);
        return next(url, context);
    },
});
await import("./infra/settings.ts");
console.log([...packages].join(" "));
`;

test("reading settings loads no resources of the SDK: it is done before every command, which must begin at once", async () => {
    const cwd = fileURLToPath(new URL("../../", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", LOADED], { cwd });
    const packages = stdout.trim().split(" ");
    expect(packages).toContain("zod");
    expect(packages).not.toContain("@pulumi/kubernetes");
});

/** The registry's program from the embedded cluster's tools, and passwords as the embedded engine makes them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { builtTools } from "../../embedded/cluster/build.ts";
import type { Secret } from "../../embedded/engine/values.ts";
import { randomProvider } from "../../embedded/providers/random/index.ts";

/** Path of the program; undefined, with the reason printed, when it is not built. */
export async function registryBinary(): Promise<string | undefined> {
    const override = process.env["MCP_PLATFORM_TOOLS"];
    const folder = override ? join(override, "bin") : (await builtTools(["registry"]))?.registry;
    const path = folder && join(folder, "registry");
    if (path && existsSync(path)) return path;
    console.warn("skipped: the registry is not built. Run `npm start` once to build it.");
    return undefined;
}

/** A password with its bcrypt hash. */
export async function generatedPassword(): Promise<{ readonly password: string; readonly hash: string }> {
    const context = { preview: false, signal: new AbortController().signal, status: () => {}, log: () => {} };
    const type = "random:index/randomPassword:RandomPassword";
    const { outs } = await randomProvider().create(`urn:pulumi:test::test::${type}::it`, { length: 40, special: false }, context);
    const { result, bcryptHash } = outs as { result: Secret; bcryptHash: Secret };
    return { password: String(result.value), hash: String(bcryptHash.value) };
}

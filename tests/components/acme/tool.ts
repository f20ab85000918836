/**
 * cert-manager's controllers and Pebble, an ACME directory made for tests. Minutes to build, so that tests only look for
 * them: `node tests/components/acme/tool.ts` builds them once.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build, lookUp } from "../../../embedded/cluster/build/builder.ts";
import { consoleProgress } from "../../../embedded/common/progress.ts";

const PEBBLE = "github.com/letsencrypt/pebble/v2/cmd";

const tool = {
    name: "acme-test",
    title: "cert-manager's controllers and Pebble",
    module: import.meta.dirname,
    packages: [".", `${PEBBLE}/pebble`, `${PEBBLE}/pebble-challtestsrv`],
    upstream: "github.com/cert-manager/cert-manager",
    cost: { seconds: 180, packages: 1300, mebibytes: 1500 },
};

/** The folder with `acme`, `pebble` and `pebble-challtestsrv`: in `$MCP_PLATFORM_TOOLS`, or where they are built. */
export async function acmeTools(): Promise<string | undefined> {
    const given = join(process.env["MCP_PLATFORM_TOOLS"] ?? "", "bin");
    if (existsSync(join(given, "acme"))) return given;
    return (await lookUp([tool]))?.[0]?.folder;
}

if (process.argv[1] === join(import.meta.dirname, "tool.ts")) await build([tool], { progress: consoleProgress() });

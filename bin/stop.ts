/** `npm stop`: stops the embedded cluster and leaves nothing running; its state stays for the next start. */
import { join } from "node:path";
import { stopCluster } from "../embedded/cluster/index.ts";
import { stateRoot } from "../embedded/common/paths.ts";
import { consoleProgress } from "../embedded/common/progress.ts";
import { UserError } from "../embedded/common/errors.ts";

const HELP = `npm stop [-- --help]

Stops the embedded cluster: no process, mount, namespace, interface, cgroup or rule stays.
What it stored stays in ${stateRoot()} and is used by the next npm start; delete that folder to start from nothing.`;

export async function main(args: readonly string[]): Promise<number> {
    if (args.includes("--help") || args.includes("-h")) {
        console.log(HELP);
        return 0;
    }
    if (args.length) throw new UserError(`npm stop takes no arguments, but got ${args.join(" ")}.`);
    await stopCluster(join(stateRoot(), "cluster"), consoleProgress());
    return 0;
}

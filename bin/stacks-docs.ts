/** `npm run stacks-docs`: writes into README.md what differs between the stacks, as their settings files say it. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hostsOf } from "../components/edge/names.ts";
import { projectRoot } from "../embedded/common/paths.ts";
import { topologyOf } from "../stacks/index.ts";
import { settingsOf } from "./settings.ts";
import { stacksTable, withTable, type Stack } from "./stacks-table.ts";

/** From a first try to production; stacks that are not named here come last. */
const ORDER = ["embedded", "dev", "minikube", "prod", "prod-five", "prod-ha", "existing"];

const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

/** The stacks of this checkout, one for each settings file. */
export async function readStacks(): Promise<Stack[]> {
    const files = await readdir(projectRoot);
    const names = files
        .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
        .toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b));
    return Promise.all(
        names.map(async (name) => {
            const { settings } = await settingsOf({ stack: name, cwd: projectRoot });
            const { versions, images, registry, frontDoor } = settings;
            return {
                name,
                settings,
                topology: topologyOf(settings.topology, { hosts: hostsOf(settings.domain), versions, images, registry, frontDoor }),
            };
        }),
    );
}

/** @returns the exit code */
export async function main(): Promise<number> {
    const readme = join(projectRoot, "README.md");
    await writeFile(readme, withTable(await readFile(readme, "utf8"), stacksTable(await readStacks())));
    return 0;
}

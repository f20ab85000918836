/** `npm run network-docs`: writes into docs/network.md who talks to whom, as the table of flows says it. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "../embedded/common/paths.ts";
import { flowChapters, withFlows } from "./network-page.ts";

/** @returns the exit code */
export async function main(): Promise<number> {
    const page = join(projectRoot, "docs/network.md");
    await writeFile(page, withFlows(await readFile(page, "utf8"), flowChapters()));
    return 0;
}

/** `npm run settings-docs`: writes the settings' reference and the defaults in `Pulumi.yaml` as the schema has them. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "../embedded/common/paths.ts";
import { withCatalogue } from "../infra/reference/catalogue.ts";
import { settingsPage } from "../infra/reference/page.ts";

export async function main(): Promise<number> {
    const project = join(projectRoot, "Pulumi.yaml");
    await writeFile(project, withCatalogue(await readFile(project, "utf8")));
    await writeFile(join(projectRoot, "docs/settings.md"), settingsPage());
    return 0;
}

/** `kind-image NAME --ref REF --cluster NAME --provider docker|podman`: puts an image made from this checkout on the nodes. */
import { parseArgs } from "node:util";
import { messageOf, UserError } from "../../embedded/common/errors.ts";
import { consoleProgress, during } from "../../embedded/common/progress.ts";
import { buildImages, imageNames, type ImageName } from "../../embedded/images/index.ts";
import { lastWords } from "./engine.ts";
import { findKind } from "./program.ts";

const isName = (name: string | undefined): name is ImageName => (imageNames as readonly (string | undefined)[]).includes(name);

export async function main(args: readonly string[]): Promise<number> {
    const { name, ref, cluster, provider } = parse(args);
    const progress = consoleProgress();
    const [image] = await buildImages([{ name, ref }], progress);
    if (!image) throw new Error(`${name} was not built`);
    const kind = await findKind(provider, progress);
    await during(progress, `loading ${image.ref} into the nodes of ${cluster}`, 5, async () => {
        const result = await kind(["load", "image-archive", image.archive, "--name", cluster]);
        if (result.code !== 0)
            throw new UserError(`${image.ref} could not be loaded into the nodes of the kind cluster ${cluster}: ${lastWords(result)}.`);
    });
    return 0;
}

function parse(args: readonly string[]) {
    const options = { ref: { type: "string" }, cluster: { type: "string" }, provider: { type: "string" } } as const;
    const usage = "kind-image wants NAME --ref HOST/REPOSITORY:TAG --cluster NAME --provider docker|podman.";
    let parsed;
    try {
        parsed = parseArgs({ args: [...args], allowPositionals: true, options });
    } catch (error) {
        throw new UserError(`${usage} ${messageOf(error)}`, { cause: error });
    }
    const { ref, cluster, provider } = parsed.values;
    const [name] = parsed.positionals;
    if (!isName(name) || !ref || !cluster || (provider !== "docker" && provider !== "podman"))
        throw new UserError(`${usage} There are the images ${imageNames.join(", ")}.`);
    return { name, ref, cluster, provider } as const;
}

/** Images that are described by an `image.json` beside their sources. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../common/errors.ts";
import { projectRoot } from "../common/paths.ts";

const strings = z.array(z.string());

const schema = z.strictObject({
    /** What is in the image, for people. */
    title: z.string(),
    /** The full reference; a caller's takes its place. */
    ref: z.string(),
    /** The base: Node with the libraries it needs, users and /tmp. */
    runtime: z.literal("node"),
    /** Sources, copied from below the folder of this file. */
    trees: z.array(z.strictObject({ from: z.string(), to: z.string(), include: strings.optional(), exclude: strings.optional() })),
    /** The production dependencies of the npm workspace in this folder; `to` becomes the folder that holds `node_modules`. */
    dependencies: z.strictObject({ to: z.string(), exclude: strings.optional() }).optional(),
    entrypoint: strings,
    cmd: strings.optional(),
    env: strings.optional(),
    user: z.string().regex(/^\d+(:\d+)?$/),
    workdir: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
});

export type DescribedImage = z.output<typeof schema> & {
    /** The folder of the description, relative to the checkout; also the name of the npm workspace's folder. */
    readonly folder: string;
};

/** The folders that hold an `image.json`. */
export const describedImages = ["operator", "examples/everything"] as const;

export type DescribedImageName = (typeof describedImages)[number];

/**
 * Reads the description of an image.
 * @throws UserError naming every field that is wrong
 */
export async function readDescription(folder: string, root: string = projectRoot): Promise<DescribedImage> {
    const file = join(root, folder, "image.json");
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
        throw new UserError(`The image ${folder} has no description: ${file} cannot be read (${error.code ?? error.message}).`);
    });
    const parsed = schema.safeParse(parse(text, file));
    if (parsed.success) return { ...parsed.data, folder };
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the whole"}: ${issue.message}`);
    throw new UserError(`${file} does not describe an image: ${problems.join("; ")}.`);
}

function parse(text: string, file: string): unknown {
    try {
        return JSON.parse(text);
    } catch (error) {
        throw new UserError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}.`, { cause: error });
    }
}

/** `npm run images -- …`: lists, builds, loads and pushes images. */
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { importImages } from "../cluster/index.ts";
import { messageOf, UserError } from "../common/errors.ts";
import { stateRoot } from "../common/paths.ts";
import { consoleProgress } from "../common/progress.ts";
import { define, imageNames, isImageName, type ImageName } from "./define.ts";
import { buildImages, builtImages } from "./index.ts";
import { pushImage, repositoryOf } from "./push.ts";

const HELP = `npm run images -- COMMAND

  list                      the images, and which of them are in the cache
  build [NAME…]             builds the named images, or all of them
  load NAME --ref REF       builds the image under this reference if need be and puts it on the nodes of the running cluster
  push NAME:TAG --to HOST:PORT [--username NAME --password-stdin]
                            builds the image if need be and pushes it; the password is the first line of standard input
  push NAME --ref HOST:PORT/REPOSITORY:TAG [--username NAME --password-stdin]
                            the same under another reference
  kind-node --provider docker|podman
                            makes the image of kind's nodes if need be and loads it into the container engine`;

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
    const [command, ...rest] = argv;
    const interrupt = new AbortController();
    const abort = (): void => interrupt.abort();
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, abort);
    try {
        switch (command) {
            case "list":
                return await list();
            case "build":
                return await build(rest, interrupt.signal);
            case "load":
                return await load(rest, interrupt.signal);
            case "push":
                return await push(rest, interrupt.signal);
            case "kind-node":
                return await (await import("../kind/cli.ts")).main(rest, interrupt.signal);
            case undefined:
            case "help":
            case "--help":
            case "-h":
                console.log(HELP);
                return 0;
            default:
                throw new UserError(`There is no command "images ${command}". There are: list, build, load, push, kind-node.`);
        }
    } finally {
        for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, abort);
    }
}

async function list(): Promise<number> {
    const rows = await Promise.all(
        imageNames.map(async (name) => {
            const { ref } = await define(name);
            const [image] = (await builtImages([name])) ?? [];
            return [name, ref, image?.digest ?? "not built", image?.archive ?? ""];
        }),
    );
    const table = [["IMAGE", "REFERENCE", "DIGEST", "ARCHIVE"], ...rows];
    const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
    for (const row of table)
        console.log(
            row
                .map((cell, i) => cell.padEnd(widths[i] ?? 0))
                .join("  ")
                .trimEnd(),
        );
    return 0;
}

async function build(names: readonly string[], signal: AbortSignal): Promise<number> {
    const unknown = names.filter((name) => !isImageName(name));
    if (unknown.length)
        throw new UserError(`There is no image ${unknown.map((name) => `"${name}"`).join(", ")}. There are: ${imageNames.join(", ")}.`);
    const wanted = names.length ? names.filter(isImageName) : imageNames;
    for (const { ref, digest, archive } of await buildImages(wanted, consoleProgress(), signal))
        console.log(`${ref} ${digest}\n  ${archive}`);
    return 0;
}

async function load(argv: readonly string[], signal: AbortSignal): Promise<number> {
    const { names, ref } = parseLoad(argv);
    const [name, ...more] = names;
    if (!name || more.length || !ref)
        throw new UserError(
            "images load wants one image and its reference, as in: images load operator --ref localhost/mcp-platform/operator:TAG.",
        );
    const progress = consoleProgress();
    const built = await buildImages([{ name: nameOf(name), ref }], progress, signal);
    await importImages(
        join(stateRoot(), "cluster"),
        built.map((image) => image.archive),
        progress,
    );
    return 0;
}

function parseLoad(argv: readonly string[]): { readonly names: string[]; readonly ref: string | undefined } {
    try {
        const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: { ref: { type: "string" } } });
        return { names: positionals, ref: values.ref };
    } catch (error) {
        throw new UserError(`images load: ${messageOf(error)}`, { cause: error });
    }
}

async function push(argv: readonly string[], signal: AbortSignal): Promise<number> {
    const { names, to, ref, username, passwordStdin } = parsePush(argv);
    const [wanted, ...more] = names;
    if (!wanted || more.length || Boolean(to) === Boolean(ref))
        throw new UserError(
            "images push wants one image and a registry, as in: images push examples/everything:2026.8.31 --to 127.0.0.1:32000, or: images push operator --ref 127.0.0.1:32000/mcp-platform/operator:TAG.",
        );
    const registry = to ?? ref?.split("/", 1)[0] ?? "";
    if (!/^[\w.-]+(:\d+)?$|^\[[\da-f:]+\](:\d+)?$/i.test(registry))
        throw new UserError(
            `${to ? "--to" : "--ref"} ${to ?? ref} is not a registry: it must be HOST or HOST:PORT, as in 127.0.0.1:32000.`,
        );
    if (Boolean(username) !== passwordStdin) throw new UserError("--username and --password-stdin belong together: give both or neither.");
    const request = ref === undefined ? await findByRepository(wanted) : { name: nameOf(wanted), ref };
    const password = passwordStdin ? (await text(process.stdin)).split(/\r?\n/, 1)[0] : undefined;
    if (username && !password) throw new UserError("--password-stdin is given, but the first line of standard input is empty.");
    const progress = consoleProgress();
    const [image] = await buildImages([request], progress, signal);
    if (!image) throw new Error(`${wanted} was not built`);
    console.log(
        await pushImage({ image, registry, credentials: username && password ? { username, password } : undefined, progress, signal }),
    );
    return 0;
}

function nameOf(name: string): ImageName {
    if (isImageName(name)) return name;
    throw new UserError(`There is no image "${name}". There are: ${imageNames.join(", ")}.`);
}

function parsePush(argv: readonly string[]): {
    readonly names: string[];
    readonly to: string | undefined;
    readonly ref: string | undefined;
    readonly username: string | undefined;
    readonly passwordStdin: boolean;
} {
    try {
        const { values, positionals } = parseArgs({
            args: [...argv],
            allowPositionals: true,
            options: {
                to: { type: "string" },
                ref: { type: "string" },
                username: { type: "string" },
                "password-stdin": { type: "boolean" },
            },
        });
        const { to, ref, username } = values;
        return { names: positionals, to, ref, username, passwordStdin: values["password-stdin"] ?? false };
    } catch (error) {
        throw new UserError(`images push: ${messageOf(error)}`, { cause: error });
    }
}

/** The image with this repository and tag. */
async function findByRepository(wanted: string): Promise<ImageName> {
    const known: string[] = [];
    for (const name of imageNames) {
        const repository = repositoryOf((await define(name)).ref);
        if (repository === wanted) return name;
        known.push(repository);
    }
    throw new UserError(`There is no image ${wanted}. There are: ${known.join(", ")}.`);
}

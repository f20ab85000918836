import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keyOf } from "../../embedded/cluster/build/module.ts";
import { tools } from "../../embedded/cluster/build/tools.ts";
import { projectRoot } from "../../embedded/common/paths.ts";
import { silent } from "../../embedded/common/progress.ts";
import { main } from "../../embedded/images/cli.ts";
import { define } from "../../embedded/images/define.ts";
import { describedImages, readDescription } from "../../embedded/images/described.ts";
import { buildImages, clusterImages, imageKey, imageNames } from "../../embedded/images/index.ts";
import { nodeRuntime } from "../../embedded/images/runtime.ts";
import { imageTool, openImage, removeFolders, temporaryFolder } from "./support.ts";

afterAll(removeFolders);

describe("the images", () => {
    test("are the cluster's four, the operator's and the sample's", () => {
        expect(imageNames).toEqual(["pause", "coredns", "registry", "traefik", "operator", "examples/everything"]);
        expect(clusterImages).toEqual({
            pause: "localhost/mcp-platform/pause:3.10.1",
            coredns: "localhost/mcp-platform/coredns:v1.15.0",
            registry: "localhost/mcp-platform/registry:3.0.0",
            traefik: "localhost/mcp-platform/traefik:v3.6.7",
        });
    });

    test.each(["coredns", "registry", "traefik"] as const)("%s is tagged with the version it is built from", async (name) => {
        const tool = tools.get(name);
        if (!tool) throw new Error(`no tool ${name}`);
        const { version } = await keyOf(tool, "");
        expect([version, version.slice(1)]).toContain(clusterImages[name].split(":")[1]);
    });

    test.each(imageNames)("%s does not run as root", async (name) => {
        const { run } = await define(name);
        expect(run.user).toMatch(/^[1-9]\d+:[1-9]\d+$/);
    });

    test("have keys that are known without building, and differ", async () => {
        const keys = await Promise.all(imageNames.map(imageKey));
        expect(keys.every((key) => /^[0-9a-f]{12}$/.test(key))).toBe(true);
        expect(new Set(keys).size).toBe(imageNames.length);
        expect(await Promise.all(imageNames.map(imageKey))).toEqual(keys);
    });

    test("need a full reference", async () => {
        await expect(buildImages([{ name: "operator", ref: "operator:1" }], silent)).rejects.toThrow(
            /"operator:1" is not a full image reference: it must name a host, a repository and a tag/,
        );
    });
});

const withNodeImages = (await imageTool()) ? describe : describe.skip;

withNodeImages("the images with Node", () => {
    let archives: string[];

    beforeAll(async () => {
        archives = (await buildImages(["operator", "examples/everything"], silent)).map(({ archive }) => archive);
    }, 120_000);

    test("share the layers of Node and of the base", async () => {
        const [operator, sample] = await Promise.all(archives.map(openImage));
        const digests = (image: typeof operator): string[] => (image?.manifest.layers ?? []).map(({ digest }) => digest);
        expect(digests(sample).slice(0, 2)).toEqual(digests(operator).slice(0, 2));
    });

    test("hold their programs and what these need, but nothing for development", async () => {
        const [operator, sample] = await Promise.all(
            archives.map(async (archive) => (await openImage(archive)).layers.flat().map(({ name }) => name)),
        );
        expect(operator).toEqual(
            expect.arrayContaining([
                "usr/local/bin/node",
                "app/operator/main.ts",
                "app/operator/package.json",
                "app/node_modules/zod/package.json",
                "tmp/",
            ]),
        );
        expect(sample).toContain("app/node_modules/@modelcontextprotocol/server-everything/dist/index.js");
        const unwanted =
            /\.d\.[cm]?ts$|\.map$|\/node_modules\/(jest|typescript)\/|(^|\/)(\.bin|\.package-lock\.json|Dockerfile|image\.json)(\/|$)/;
        expect([...(operator ?? []), ...(sample ?? [])].filter((name) => unwanted.test(name))).toEqual([]);
    });
});

describe("a description", () => {
    test.each(describedImages)("%s is right", async (folder) => {
        expect(await readDescription(folder)).toMatchObject({ folder, runtime: "node", user: "65532:65532" });
    });

    test("that is wrong is refused with every field", async () => {
        const root = await temporaryFolder();
        await mkdir(join(root, "thing"));
        await writeFile(
            join(root, "thing", "image.json"),
            JSON.stringify({ title: 1, ref: "a/b:c", runtime: "deno", trees: [], entrypoint: [], user: "root", extra: true }),
        );
        await expect(readDescription("thing", root)).rejects.toThrow(
            /image\.json does not describe an image: title: .*; runtime: .*; user: .*; .*extra/,
        );
        await writeFile(join(root, "thing", "image.json"), "{");
        await expect(readDescription("thing", root)).rejects.toThrow(/image\.json is not JSON/);
        await expect(readDescription("other", root)).rejects.toThrow(/The image other has no description/);
    });

    test("of the operator says the same as its Dockerfile", async () => {
        const image = await readDescription("operator");
        const dockerfile = await readFile(join(projectRoot, "operator/Dockerfile"), "utf8");
        const instruction = (name: string): string | undefined => new RegExp(`^${name} (.*)$`, "m").exec(dockerfile)?.[1];
        expect(JSON.parse(instruction("ENTRYPOINT") ?? "")).toEqual(image.entrypoint);
        expect([instruction("USER"), instruction("ENV")]).toEqual([image.user, image.env?.[0]]);
        const labels = [...dockerfile.matchAll(/(org\.opencontainers\.image\.\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]);
        expect(Object.fromEntries(labels)).toEqual({ "org.opencontainers.image.title": image.title, ...image.labels });
        const { workspaces } = JSON.parse(await readFile(join(projectRoot, "package.json"), "utf8")) as { workspaces: string[] };
        expect(workspaces.filter((folder) => !dockerfile.includes(`COPY ${folder}/package.json ${folder}/`))).toEqual([]);
        const { version } = await nodeRuntime();
        expect(dockerfile).toContain(`ARG NODE_IMAGE=node:${version}-`);
    });

    test("of the sample names the version that is pinned", async () => {
        const { ref } = await readDescription("examples/everything");
        const { dependencies } = JSON.parse(await readFile(join(projectRoot, "examples/everything/package.json"), "utf8")) as {
            dependencies: Record<string, string>;
        };
        expect(ref).toBe(`registry.local/examples/everything:${dependencies["@modelcontextprotocol/server-everything"]}`);
    });
});

describe("npm run images", () => {
    test.each([
        [["bild"], /There is no command "images bild"\. There are: list, build, load, push, kind-node\./],
        [["build", "operator", "nope"], /There is no image "nope"\. There are: pause, coredns/],
        [["push", "operator"], /images push wants one image and a registry/],
        [["push", "a:1", "b:1", "--to", "127.0.0.1:1"], /images push wants one image and a registry/],
        [["push", "nope:1", "--to", "127.0.0.1:1"], /There is no image nope:1\. There are: .*examples\/everything:2026\.8\.31/],
        [["push", "nope:1", "--to", "http://127.0.0.1"], /--to http:\/\/127\.0\.0\.1 is not a registry: it must be HOST or HOST:PORT/],
        [["push", "a:1", "--to", "127.0.0.1:1", "--username", "u"], /--username and --password-stdin belong together/],
        [["push", "a:1", "--to", "127.0.0.1:1", "--password", "x"], /images push: .*Unknown option '--password'/],
    ])("refuses %j", async (argv, message) => {
        await expect(main(argv)).rejects.toThrow(message);
    });
});

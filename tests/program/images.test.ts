import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { imagesMadeHere, operatorTag, publishedImages, pushCommand } from "../../stacks/images.ts";

let root: string;
const write = async (path: string, content: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
};

beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "images-"));
    await write("package.json", '{ "version": "1.2.3" }');
    await write("package-lock.json", "{}");
    await write("operator/package.json", "{}");
    await write("operator/image.json", "{}");
    await write("operator/main.ts", "start();");
    await write("operator/gateway/main.ts", "serve();");
});
afterEach(() => rm(root, { recursive: true }));

test("the operator's tag is the version and a hash that stays while nothing changes", () => {
    expect(operatorTag(root)).toMatch(/^1\.2\.3-[0-9a-f]{12}$/);
    expect(operatorTag(root)).toBe(operatorTag(root));
});

test.each(["operator/main.ts", "operator/gateway/new.ts", "operator/package.json", "operator/image.json", "package-lock.json"])(
    "a change of %s is another image",
    async (path) => {
        const before = operatorTag(root);
        await write(path, "changed");
        expect(operatorTag(root)).not.toBe(before);
    },
);

test.each(["operator/node_modules/a/index.ts", "operator/README.md", "infra/index.ts", "operator/notes.txt"])(
    "a change of %s is not",
    async (path) => {
        const before = operatorTag(root);
        await write(path, "changed");
        expect(operatorTag(root)).toBe(before);
    },
);

test("moving text from one file to the next is another image", async () => {
    await write("operator/a.ts", "one");
    await write("operator/b.ts", "two");
    const before = operatorTag(root);
    await write("operator/a.ts", "onet");
    await write("operator/b.ts", "wo");
    expect(operatorTag(root)).not.toBe(before);
});

const versions = { traefik: "v3.6.7", registry: "3.0.0", certManager: "v1.21.2", meshRegistry: "3.6.0", postgres: "17.6" };

test("what can be made from this checkout is loaded into the nodes, unless settings name other images", () => {
    expect(imagesMadeHere(versions)).toMatchObject({
        operator: `localhost/mcp-platform/operator:${operatorTag()}`,
        registry: "localhost/mcp-platform/registry:3.0.0",
        traefik: "localhost/mcp-platform/traefik:v3.6.7",
    });
    expect(imagesMadeHere(versions, { traefik: "example.com/traefik:1" }).traefik).toBe("example.com/traefik:1");
});

test("what others publish carries the digest that is known of it", () => {
    const images = publishedImages(versions, "registry.example.com/mcp-platform");
    expect(images.operator).toBe(`registry.example.com/mcp-platform/operator:${operatorTag()}`);
    const digests = Object.entries(images).map(([name, reference]) => [name, /@sha256:[0-9a-f]{64}$/.test(reference)]);
    expect(Object.fromEntries(digests)).toEqual({
        traefik: true,
        registry: true,
        certManagerController: true,
        certManagerCainjector: true,
        certManagerWebhook: true,
        certManagerSolver: true,
        meshRegistry: false,
        postgres: true,
        operator: false,
    });
});

test("the push gives no password to the command line", () => {
    expect(pushCommand("examples/everything:1", { address: "127.0.0.1:32000", username: "push" })).toBe(
        "node bin/run.mjs images push examples/everything:1 --to 127.0.0.1:32000 --username push --password-stdin",
    );
    expect(pushCommand("operator", { reference: "registry.example.com/operator:1" })).toBe(
        "node bin/run.mjs images push operator --ref registry.example.com/operator:1",
    );
});

/** Images for registries without users and for container engines: pushed under any reference, and as Docker archives. */
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { builtTools } from "../../embedded/cluster/build.ts";
import { main } from "../../embedded/images/cli.ts";
import { dockerArchive } from "../../embedded/images/docker-archive.ts";
import { builtImages } from "../../embedded/images/index.ts";
import { ownImages } from "../../embedded/images/own.ts";
import { freePorts } from "../support/ports.ts";
import { imageSpec, imageTool, make, removeFolders, temporaryFolder, untar } from "./support.ts";

const tool = await imageTool();
const tools = tool ? await builtTools(["registry"]) : undefined;
const pause = await builtImages(["pause"]);
if (tool && !(tools && pause)) console.warn("skipped: the registry or the pause image is not built; npm start builds them");
const withRegistry = tools && pause ? describe : describe.skip;
const withTool = tool ? describe : describe.skip;

afterAll(removeFolders);

withRegistry("a push under another reference", () => {
    let child: ChildProcess;
    let address = "";

    beforeAll(async () => {
        const [port = 0] = await freePorts(1);
        address = `localhost:${port}`;
        const folder = await temporaryFolder();
        await mkdir(join(folder, "data"));
        await writeFile(join(folder, "config.yml"), ownImages.registry.layer.text[0]?.content ?? "");
        child = spawn(join(tools?.registry ?? "", "registry"), ["serve", join(folder, "config.yml")], {
            stdio: "ignore",
            env: {
                REGISTRY_HTTP_ADDR: `127.0.0.1:${port}`,
                REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: join(folder, "data"),
                OTEL_TRACES_EXPORTER: "none",
            },
        });
    });
    afterAll(async () => {
        child.kill("SIGKILL");
        await once(child, "exit");
    });

    test("needs no user where the registry has none, and is the image of that name", async () => {
        const printed = jest.spyOn(console, "log").mockImplementation(() => {});
        const said = jest.spyOn(process.stderr, "write").mockImplementation(() => true);
        const code = await main(["push", "pause", "--ref", `${address}/mcp-platform/pause:other`]).finally(() => {
            said.mockRestore();
        });
        const [digest] = printed.mock.calls.flat();
        printed.mockRestore();
        expect([code, digest]).toEqual([0, pause?.[0]?.digest]);
        const answer = await fetch(`http://${address}/v2/mcp-platform/pause/manifests/other`, {
            headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
        });
        expect([answer.status, answer.headers.get("docker-content-digest")]).toEqual([200, digest]);
    });
});

test.each([
    [["push", "pause", "--ref", "localhost:5000/a:1", "--to", "localhost:5000"], /^images push wants one image and a registry/],
    [["push", "nope", "--ref", "localhost:5000/a:1"], /^There is no image "nope"\. There are: pause, coredns/],
    [["push", "pause", "--ref", "http://localhost:5000/a:1"], /^--ref http:\/\/localhost:5000\/a:1 is not a registry/],
    [["push", "pause", "--ref", "localhost:5000/a"], /^"localhost:5000\/a" is not a full image reference/],
])("npm run images refuses %j", async (argv, message) => {
    await expect(main(argv)).rejects.toThrow(message);
});

withTool("a Docker archive", () => {
    test("names the configuration and the layers that are in it, beside the OCI layout", async () => {
        const layers = ["a", "b"].map((path) => ({ comment: path, text: [{ path: `/${path}`, content: path }] }));
        const { archive, stdout } = await make(tool ?? "", imageSpec(layers, { ref: "localhost/test/image:1" }));
        const target = join(await temporaryFolder(), "docker.tar");
        await dockerArchive({ name: "pause", ref: "localhost/test/image:1", archive, digest: stdout.trim() }, target);
        const members = new Map(untar(await readFile(target)).map(({ name, content }) => [name, content]));
        const parsed = JSON.parse(members.get("manifest.json")?.toString() ?? "") as {
            Config: string;
            RepoTags: string[];
            Layers: string[];
        }[];
        expect(parsed.map(({ RepoTags, Layers }) => [RepoTags, Layers.length])).toEqual([[["localhost/test/image:1"], 2]]);
        const [{ Config = "", Layers = [] } = {}] = parsed;
        const { rootfs } = JSON.parse(members.get(Config)?.toString() ?? "") as { rootfs: { diff_ids: string[] } };
        const digests = Layers.map(
            (path) =>
                `sha256:${createHash("sha256")
                    .update(members.get(path) ?? "")
                    .digest("hex")}`,
        );
        expect(digests).toEqual(rootfs.diff_ids); // layers are not compressed
        expect([...members.keys()].filter((name) => name !== "manifest.json")).toEqual(
            untar(await readFile(archive)).map(({ name }) => name),
        );
    });
});

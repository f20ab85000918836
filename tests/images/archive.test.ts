import { chmod, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { imageSpec, imageTool, make, openImage, removeFolders, temporaryFolder } from "./support.ts";

const tool = await imageTool();
const withTool = tool ? describe : describe.skip;
const mkimage = tool ?? "";

afterAll(removeFolders);

async function sources(): Promise<string> {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "tree", "deep", "node_modules"), { recursive: true });
    await mkdir(join(folder, "tree", "empty"));
    await writeFile(join(folder, "tree", "b.ts"), "b");
    await writeFile(join(folder, "tree", "deep", "a.ts"), "a");
    await writeFile(join(folder, "tree", "deep", "a.md"), "text");
    await writeFile(join(folder, "tree", "deep", "node_modules", "x.ts"), "x");
    await symlink("../b.ts", join(folder, "tree", "deep", "link.ts"));
    await writeFile(join(folder, "program"), "#!");
    await chmod(join(folder, "program"), 0o700);
    return folder;
}

const layersOf = (folder: string): Parameters<typeof imageSpec>[0] => [
    { comment: "base", dirs: [{ path: "/tmp", mode: "1777" }], text: [{ path: "/etc/passwd", content: "root:x:0:0::/:\n" }] },
    {
        comment: "program",
        files: [{ from: join(folder, "program"), to: "/program" }],
        trees: [{ from: join(folder, "tree"), to: "/app/tree", include: ["*.ts"], exclude: ["node_modules"] }],
        links: [{ path: "/bin/run", to: "../program" }],
    },
];

withTool("an image's archive", () => {
    test("holds the files that were named, with plain owners, modes and times", async () => {
        const result = await make(
            mkimage,
            imageSpec(layersOf(await sources()), {
                cmd: ["run"],
                env: ["A=b"],
                workdir: "/tmp",
                labels: { "org.opencontainers.image.title": "t" },
            }),
        );
        expect([result.code, result.stderr]).toEqual([0, ""]);
        const image = await openImage(result.archive);
        const seen = image.layers.map((members) =>
            members.map(({ name, mode, type, link, content }) => [name, mode.toString(8), type, link || content.toString()]),
        );
        expect(seen).toEqual([
            [
                ["etc/", "755", "5", ""],
                ["etc/passwd", "644", "0", "root:x:0:0::/:\n"],
                ["tmp/", "1777", "5", ""],
            ],
            [
                ["app/", "755", "5", ""],
                ["app/tree/", "755", "5", ""],
                ["app/tree/b.ts", "644", "0", "b"],
                ["app/tree/deep/", "755", "5", ""],
                ["app/tree/deep/a.ts", "644", "0", "a"],
                ["app/tree/deep/link.ts", "777", "2", "../b.ts"],
                ["bin/", "755", "5", ""],
                ["bin/run", "777", "2", "../program"],
                ["program", "755", "0", "#!"],
            ],
        ]);
        expect(new Set(image.layers.flat().map(({ uid, gid, modified }) => `${uid} ${gid} ${modified}`))).toEqual(
            new Set(["0 0 315532800"]),
        );
    });

    test("is an OCI layout under the reference's name", async () => {
        const result = await make(
            mkimage,
            imageSpec(layersOf(await sources()), { cmd: ["run"], env: ["A=b"], workdir: "/tmp", labels: { a: "b" } }),
        );
        const { files, index, manifest, config } = await openImage(result.archive);
        expect(files.slice(0, 2)).toEqual(["oci-layout", "index.json"]);
        expect(index.manifests).toEqual([
            {
                mediaType: "application/vnd.oci.image.manifest.v1+json",
                digest: result.stdout.trim(),
                size: expect.any(Number),
                platform: { os: "linux", architecture: "amd64" },
                annotations: { "io.containerd.image.name": "localhost/test/image:1", "org.opencontainers.image.ref.name": "1" },
            },
        ]);
        expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual(Array(2).fill("application/vnd.oci.image.layer.v1.tar"));
        expect(config.rootfs.diff_ids).toEqual(manifest.layers.map(({ digest }) => digest));
        expect(config.config).toEqual({
            Entrypoint: ["/program"],
            Cmd: ["run"],
            Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "A=b"],
            User: "65532:65532",
            WorkingDir: "/tmp",
            Labels: { a: "b" },
        });
    });

    test("comes out the same from another folder, at another time, with another umask", async () => {
        const [one, other] = [await sources(), await sources()];
        await utimes(join(other, "tree", "b.ts"), new Date(0), new Date(0));
        await chmod(join(other, "tree", "b.ts"), 0o600);
        const digests = [];
        for (const folder of [one, other, one]) digests.push((await make(mkimage, imageSpec(layersOf(folder)))).stdout);
        expect([digests[1], digests[2]]).toEqual([digests[0], digests[0]]);
        await writeFile(join(other, "tree", "b.ts"), "c");
        expect((await make(mkimage, imageSpec(layersOf(other)))).stdout).not.toBe(digests[0]);
    });

    test("shares equal layers with other images", async () => {
        const folder = await sources();
        const first = await openImage((await make(mkimage, imageSpec(layersOf(folder)))).archive);
        await writeFile(join(folder, "program"), "other");
        const second = await openImage(
            (await make(mkimage, imageSpec(layersOf(folder), { ref: "localhost/test/other:2", user: "0" }))).archive,
        );
        expect(second.manifest.layers[0]).toEqual(first.manifest.layers[0]);
        expect(second.manifest.layers[1]?.digest).not.toBe(first.manifest.layers[1]?.digest);
    });

    test("holds a blob once, even if two layers are equal", async () => {
        const layer = { comment: "same", text: [{ path: "/a", content: "a" }] };
        const { files, manifest } = await openImage((await make(mkimage, imageSpec([layer, layer]))).archive);
        expect(manifest.layers).toHaveLength(2);
        expect(files.filter((name) => name.startsWith("blobs/"))).toHaveLength(3);
    });

    test("takes paths longer than a plain header holds", async () => {
        const path = `/${"long-folder-name/".repeat(12)}file`;
        const result = await make(mkimage, imageSpec([{ comment: "long", text: [{ path, content: "x" }] }]));
        const members = (await openImage(result.archive)).layers[0] ?? [];
        expect(
            members.some(({ content }) => content.toString().includes(`path=${path.slice(1)}`)) ||
                members.some(({ name }) => `/${name}` === path),
        ).toBe(true);
    });

    test.each([
        [
            "a file that is missing",
            imageSpec([{ comment: "", files: [{ from: "/nonexistent/file", to: "/a" }] }]),
            /\/nonexistent\/file: no such file/,
        ],
        [
            "a path that is taken",
            imageSpec([
                {
                    comment: "",
                    text: [
                        { path: "/a", content: "1" },
                        { path: "/a", content: "2" },
                    ],
                },
            ]),
            /\/a is in the layer twice/,
        ],
        [
            "a file below a file",
            imageSpec([
                {
                    comment: "",
                    text: [
                        { path: "/a", content: "1" },
                        { path: "/a/b", content: "2" },
                    ],
                },
            ]),
            /\/a is not a folder/,
        ],
        [
            "a mode that is none",
            imageSpec([{ comment: "", text: [{ path: "/a", content: "1", mode: "rwx" }] }]),
            /"rwx" is not a file mode/,
        ],
        ["a field it does not know", { ...imageSpec([{ comment: "" }]), entry: [] }, /unknown field "entry"/],
        ["an image without layers", imageSpec([]), /layers are required/],
    ])("refuses %s", async (_what, spec, message) => {
        const result = await make(mkimage, spec);
        expect([result.code, result.stderr]).toEqual([1, expect.stringMatching(message)]);
    });
});

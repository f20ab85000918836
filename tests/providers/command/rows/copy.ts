/** The semantics of `command:remote:CopyToRemote`. */
import { createHash } from "node:crypto";
import {
    chmodSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { PropertyMap } from "../../../../embedded/engine/values.ts";
import { commandProvider } from "../../../../embedded/providers/command/index.ts";
import { SIGNATURE_KEY, signatures } from "../../../../embedded/engine/wire.ts";
import type { Sshd } from "../../../support/sshd.ts";
import { contextOf } from "../../shared/operations.ts";
import { Lab, messageOf } from "../support/lab.ts";
import { declared, official, type Row } from "../support/semantics.ts";

export interface CopyLab {
    readonly sshd: Sshd;
    readonly copies: Lab;
}

const COPY = "remote/copyToRemote";

const hash = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");
const text = (contents: string): PropertyMap => ({ [SIGNATURE_KEY]: signatures.asset, text: contents, hash: hash(contents) });
const file = (path: string): PropertyMap => ({ [SIGNATURE_KEY]: signatures.asset, path, hash: hash(readFileSync(path)) });
const archive = (path: string): PropertyMap => ({ [SIGNATURE_KEY]: signatures.archive, path, hash: hash(path) });

/** Local files in a folder of their own, made for one proof. */
async function withFiles(files: Record<string, string | Buffer>, work: (folder: string) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "copy-"));
    try {
        for (const [path, contents] of Object.entries(files)) {
            mkdirSync(dirname(join(folder, path)), { recursive: true });
            writeFileSync(join(folder, path), contents);
        }
        await work(folder);
    } finally {
        rmSync(folder, { recursive: true });
    }
}

export const copyRows = (lab: () => CopyLab): Row[] => {
    const at = (path: string) => join(lab().sshd.home, path);
    const read = (path: string) => readFileSync(at(path), "utf8");
    const mode = (path: string) => statSync(at(path)).mode & 0o777;
    return [
        {
            behaviour: "a text becomes a file, folders above it are made; a relative path begins at the user's home",
            source: declared(COPY, "remotePath"),
            proof: async () => {
                await lab().copies.create({ source: text("a: 1\n\u{1f511}"), remotePath: "etc/deep/config.yaml" });
                expect(read("etc/deep/config.yaml")).toBe("a: 1\n\u{1f511}");
                expect(mode("etc/deep/config.yaml")).toBe(0o644);
            },
        },
        {
            behaviour: "a text cannot become a folder",
            source: official("remote/copyController"),
            proof: async () => {
                const { copies, sshd } = lab();
                mkdirSync(at("folder"));
                expect((await copies.failure({ source: text("x"), remotePath: "folder" })).message).toBe(
                    `on 127.0.0.1:${sshd.port}: remotePath: folder is a folder; a text needs the path of a file`,
                );
            },
        },
        {
            behaviour: "a file is copied byte by byte: to the path, over a file, into a folder",
            source: official("remote/copyController"),
            proof: async () => {
                const bytes = Buffer.from(Array.from({ length: 3_000_001 }, (_, n) => (n * 7919) % 256));
                await withFiles({ "data.bin": bytes }, async (folder) => {
                    mkdirSync(at("into"));
                    writeFileSync(at("over"), "something longer than nothing");
                    for (const remotePath of ["fresh/copy", "over", "into"])
                        await lab().copies.create({ source: file(join(folder, "data.bin")), remotePath });
                    for (const path of ["fresh/copy", "over", "into/data.bin"]) expect(readFileSync(at(path)).equals(bytes)).toBe(true);
                    expect(readdirSync(at("into"))).toEqual(["data.bin"]);
                });
            },
        },
        {
            behaviour: "a folder is copied into the target under its name, with a slash at its end only what is in it",
            source: official("remote/copyController"),
            proof: async () => {
                await withFiles({ "src/a": "1", "src/sub/b": "2", "src/sub/empty/.keep": "" }, async (folder) => {
                    rmSync(join(folder, "src/sub/empty/.keep"));
                    symlinkSync("a", join(folder, "src/link"));
                    await lab().copies.create({ source: archive(join(folder, "src")), remotePath: "tree" });
                    await lab().copies.create({ source: archive(`${join(folder, "src")}/`), remotePath: "bare" });
                    for (const root of ["tree/src", "bare"]) {
                        expect(readdirSync(at(root)).toSorted()).toEqual(["a", "link", "sub"]);
                        expect([read(`${root}/a`), read(`${root}/link`), read(`${root}/sub/b`)]).toEqual(["1", "1", "2"]);
                        expect(readdirSync(at(`${root}/sub/empty`))).toEqual([]);
                    }
                    writeFileSync(at("file"), "");
                    expect((await lab().copies.failure({ source: archive(join(folder, "src")), remotePath: "file" })).message).toMatch(
                        /: file is a file, not a folder$/,
                    );
                });
            },
        },
        {
            behaviour: "an archive file is copied as it is, not unpacked",
            source: declared(COPY, "source"),
            proof: async () => {
                await withFiles({ "a.tgz": "not really" }, async (folder) => {
                    // A relative path begins where the program is.
                    await lab().copies.create({ source: archive("a.tgz"), remotePath: "a.tgz" }, contextOf({ folder }));
                    expect(read("a.tgz")).toBe("not really");
                });
            },
        },
        {
            behaviour: "a file is replaced",
            source: official("remote/copyController"),
            differs: {
                official: "a file is written over in place: readers see half of it, and a copy that fails leaves half of it",
                here: "it is written beside its place and renamed, so that it is there whole or as before; links are followed; permissions and owner of a replaced file are kept",
            },
            proof: async () => {
                writeFileSync(at("secret"), "old", { mode: 0o600 });
                symlinkSync("secret", at("link"));
                const before = statSync(at("secret")).ino;
                await lab().copies.create({ source: text("new"), remotePath: "link" });
                expect([read("secret"), mode("secret")]).toEqual(["new", 0o600]);
                expect(statSync(at("secret")).ino).not.toBe(before);
                expect(readdirSync(at(".")).filter((name) => name.endsWith(".partial"))).toEqual([]);
                expect(existsSync(at("link"))).toBe(true);
            },
        },
        {
            behaviour: "the mode of the source is not taken over",
            source: official("remote/copyController"),
            proof: async () => {
                await withFiles({ run: "#!/bin/sh\n" }, async (folder) => {
                    chmodSync(join(folder, "run"), 0o755);
                    await lab().copies.create({ source: file(join(folder, "run")), remotePath: "run" });
                    expect(mode("run")).toBe(0o644);
                });
            },
        },
        {
            behaviour: "a full disk is said, and leaves the old file and nothing else",
            source: official("remote/copyController"),
            proof: async () => {
                const { copies, sshd } = lab();
                await copies.create({ source: text("old"), remotePath: "small/file" });
                const { message } = await copies.failure({ source: text("x".repeat(300_000)), remotePath: "small/file" });
                expect(message).toMatch(
                    new RegExp(`^on 127.0.0.1:${sshd.port}: small/file cannot be written: the disk is full \\(\\d+ bytes are free\\)$`),
                );
                await copies.create({ source: text("new"), remotePath: "small/file" });
            },
        },
        {
            behaviour: "an update copies again when the contents or the path have changed",
            source: official("remote/copyController"),
            differs: {
                official: "a changed host, port or user alone does not copy again",
                here: "it does: the file need not be there",
            },
            proof: async () => {
                const { copies, sshd } = lab();
                const source = text("same");
                const old = { source, remotePath: "again" };
                const copied = async (fresh: PropertyMap, before: PropertyMap = old) => {
                    rmSync(at("again"), { force: true });
                    await copies.update(before, { ...old, ...fresh });
                    return existsSync(at("again"));
                };
                expect(await copied({})).toBe(false);
                expect(await copied({ connection: { ...sshd.connection, perDialTimeout: 20 } })).toBe(false);
                expect(await copied({ source: text("other") })).toBe(true);
                expect(await copied({}, { ...old, remotePath: "elsewhere" })).toBe(true);
                expect(await copied({}, { ...old, connection: { ...sshd.connection, host: "elsewhere" } })).toBe(true);
                expect(await copies.update(old, { ...old, source: text("preview") }, contextOf({ preview: true }))).toMatchObject({
                    remotePath: "again",
                });
                expect(read("again")).toBe("same");
            },
        },
        {
            behaviour: "triggers replace, a delete leaves the file",
            source: declared(COPY, "triggers"),
            proof: async () => {
                const { copies } = lab();
                const inputs = { source: text("stays"), remotePath: "stays" };
                expect(await copies.diff({ ...inputs, triggers: [1] }, { ...inputs, triggers: [2] })).toMatchObject({
                    replaces: ["triggers"],
                });
                const changed = { changes: true, replaces: [], detailedDiff: { source: "update" } };
                expect(await copies.diff(inputs, { ...inputs, source: text("else") })).toEqual(changed);
                await copies.create(inputs);
                await copies.delete(inputs);
                expect(read("stays")).toBe("stays");
            },
        },
        {
            behaviour: "what cannot be copied is refused by name",
            source: official("remote/copyController"),
            differs: {
                official: "a pipe in a folder hangs the copy",
                here: "what is neither file nor folder, and a link to a folder, is refused by name; so is a file that was changed during the run",
            },
            proof: async () => {
                const { copies } = lab();
                const remote = { [SIGNATURE_KEY]: signatures.asset, uri: "https://example.com/x" };
                expect(await copies.check({ source: remote, remotePath: "x" })).toEqual([
                    "source: remote assets and archives are not supported: use a file, a text or a folder",
                ]);
                expect(await copies.check({ source: { [SIGNATURE_KEY]: signatures.archive, assets: {} }, remotePath: "" })).toEqual([
                    "source: an archive must be a file or a folder, not a collection of assets",
                    "remotePath: required, but missing",
                ]);
                await withFiles({ "src/a": "1", data: "now" }, async (folder) => {
                    symlinkSync(".", join(folder, "src/loop"));
                    expect((await copies.failure({ source: archive(join(folder, "src")), remotePath: "x" })).message).toContain(
                        "a link to a folder",
                    );
                    const changed = { ...file(join(folder, "data")), hash: hash("before") };
                    expect((await copies.failure({ source: changed, remotePath: "x/data" })).message).toContain(
                        "was changed during this run",
                    );
                    expect(existsSync(at("x/data"))).toBe(false);
                    expect((await copies.failure({ source: { ...changed, path: "/nowhere" }, remotePath: "x" })).message).toBe(
                        'source: there is no file or folder "/nowhere"',
                    );
                });
            },
        },
        {
            behaviour: "the deprecated CopyFile is refused by name",
            source: declared("remote/copyFile", "CopyFile"),
            differs: {
                official: "`remote.CopyFile` still works, with a deprecation warning",
                here: "refused by name: use `remote.CopyToRemote`",
            },
            proof: async () => {
                const copyFile = new Lab(commandProvider(), "command:remote:CopyFile");
                expect(await messageOf(copyFile.check({}))).toBe(
                    "command:remote:CopyFile is deprecated and not supported by the embedded engine: use command:remote:CopyToRemote",
                );
            },
        },
        {
            behaviour: "an interrupt ends a copy and leaves nothing of it behind",
            source: official("remote/copyController"),
            differs: {
                official: "an interrupt does not end a copy",
                here: "it does, and takes away what was not finished",
            },
            proof: async () => {
                await withFiles({ big: Buffer.alloc(64 * 1024 * 1024, 1) }, async (folder) => {
                    const interrupt = new AbortController();
                    const failure = lab().copies.failure(
                        { source: file(join(folder, "big")), remotePath: "cut/big" },
                        { signal: interrupt.signal },
                    );
                    while (!existsSync(at("cut")) || readdirSync(at("cut")).length === 0)
                        await new Promise((resolve) => setTimeout(resolve, 2));
                    interrupt.abort();
                    expect((await failure).message).toMatch(/: cut\/big cannot be written: interrupted$/);
                    expect(readdirSync(at("cut"))).toEqual([]);
                });
            },
        },
    ];
};

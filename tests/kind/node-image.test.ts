/** What a node image is made of, and what is said when it cannot be made. */
import { chmod, copyFile, link, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { pinOf } from "../../embedded/cluster/build/module.ts";
import { projectRoot } from "../../embedded/common/paths.ts";
import { run, type RunResult } from "../../embedded/common/process.ts";
import { builtKindTools, builtNodeImage, nodeImageReference } from "../../embedded/kind/index.ts";
import { manifestImages, manifests } from "../../embedded/kind/manifests.ts";
import { skipped } from "../cluster/support.ts";

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "node-image-"))));
afterAll(() => rm(folder, { recursive: true }));

interface Manifest {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
    readonly rules?: unknown;
    readonly spec?: {
        readonly template?: { readonly spec: { readonly containers: readonly { readonly image: string; readonly env: object[] }[] } };
    };
}

const objectsIn = (name: string): Manifest[] => parseAllDocuments(manifests[name] ?? "").map((document) => document.toJS() as Manifest);

const helper = (await builtKindTools(["kind-parts"]))?.["kind-parts"];
if (!helper) skipped("the volume helper", "kind's parts are not built (npm run images -- kind-node makes them)");
const image = await builtNodeImage();
if (!image) skipped("the node image in the cache", "it is not made (npm run images -- kind-node makes it)");

const pinned = async (file: string, program: string): Promise<string | undefined> =>
    pinOf(await readFile(join(projectRoot, "embedded", file, "go.mod"), "utf8"), program)?.version;

const call = async (name: string, volume?: string): Promise<RunResult> => {
    await copyFile(join(helper ?? "", "volume-helper"), join(folder, name));
    return run(join(folder, name), ["-p", "/ignored"], { env: { VOL_DIR: volume } });
};

const command = (args: readonly string[], env: Record<string, string | undefined> = {}, as: readonly string[] = []): Promise<RunResult> => {
    const [program = "", ...rest] = [...as, process.execPath, join(projectRoot, "bin/main.ts"), "images", "kind-node", ...args];
    return run(program, rest, { env });
};
/** A stand-in for a container engine that has the node image with this label, and writes down what it is asked. */
const double = async (name: string, label: string): Promise<string> => {
    const bin = join(folder, `bin-${name}-${label}`);
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, name), `#!/bin/sh\necho "$*" >>"${bin}/asked"\ncase $1 in image) echo ${label} ;; esac\n`);
    await chmod(join(bin, name), 0o755);
    return bin;
};

describe("the pins of kind's nodes", () => {
    it.each([
        ["kubeadm and kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubeadm"],
        ["the CNI plugins", "cni", "github.com/containernetworking/plugins/plugins/main/ptp"],
    ])("have %s at the version of the embedded cluster", async (_title, module, program) => {
        const version = await pinned(`kind/modules/${module}`, program);
        expect(version).toMatch(/^v\d/);
        expect(version).toBe(await pinned(`cluster/modules/${module}`, program));
    });

    it("name the image as kind does, in full", async () => {
        expect(await nodeImageReference()).toBe(
            `docker.io/kindest/node:${await pinned("kind/modules/kubernetes", "k8s.io/kubernetes/cmd/kubeadm")}`,
        );
    });
});

describe("the manifests of a node image", () => {
    it("ask kind for the range of pods, and leave room for the address of the control plane", () => {
        const text = manifests["default-cni.yaml"] ?? "";
        expect(text).toContain("would you kindly template this file");
        expect(text).toContain("would you kindly patch this file");
        expect(text.match(/\{\{.*?\}\}/g)).toEqual(["{{ .PodSubnet }}"]);
        const daemon = objectsIn("default-cni.yaml").find(({ kind }) => kind === "DaemonSet");
        expect(daemon?.spec?.template?.spec.containers[0]?.env).toHaveLength(2);
    });

    it("let the pod network read nodes and nothing else", () => {
        const roles = objectsIn("default-cni.yaml").filter(({ kind }) => kind.endsWith("Role"));
        expect(roles.map(({ kind, rules }) => [kind, rules])).toEqual([
            ["ClusterRole", [{ apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch"] }]],
        ]);
    });

    it("name no image but those that are put into the node", () => {
        const images = [
            ...Object.values(manifests)
                .join("\n")
                .matchAll(/[\w.-]+(?:\/[\w.-]+)+:\d[\w.]*/g),
        ].map(([image]) => image);
        expect(new Set(images)).toEqual(new Set(Object.values(manifestImages)));
    });
});

(helper ? describe : describe.skip)("the volume helper", () => {
    it("makes a folder that every user can write, and removes it with what is in it", async () => {
        const volume = join(folder, "volumes/one");
        expect(await call("setup", volume)).toMatchObject({ code: 0 });
        expect((await stat(volume)).mode & 0o777).toBe(0o777);
        await writeFile(join(volume, "file"), "");
        expect(await call("teardown", volume)).toMatchObject({ code: 0 });
        expect(await readdir(dirname(volume))).toEqual([]);
    });

    it.each([
        // None of them is there: a helper that refused them no longer would still remove nothing.
        ["no folder", "teardown", undefined],
        ["a relative folder", "teardown", "no-such-folder/one"],
        ["a folder at the root", "teardown", "/no-such-folder-of-a-volume"],
        ["a way back to the root", "teardown", "/var/lib/../../no-such-folder-of-a-volume"],
        ["another name", "remove", "/var/lib/no-such-folder-of-a-volume"],
    ])("refuses %s", async (_title, name, volume) => {
        const { code, stderr } = await call(name, volume);
        expect(code).toBe(1);
        expect(stderr).toMatch(/^volume-helper: /);
    });
});

describe("npm run images -- kind-node", () => {
    it.each([
        ["another engine", ["--provider", "containerd"], {}, '--provider must be docker or podman, and is "containerd".'],
        ["an engine that is not installed", ["--provider", "podman"], { PATH: "/nowhere" }, "podman is not installed, or not on PATH"],
        ["arguments that it does not know", ["--all"], {}, "Unknown option '--all'"],
    ])("refuses %s", async (_title, args, env, sentence) => {
        const { code, stderr } = await command(args, env);
        expect(code).toBe(255);
        expect(stderr).toMatch(/^error: /);
        expect(stderr).toContain(sentence);
        expect(stderr.trim().split("\n")).toHaveLength(1);
    });

    it("asks for root before anything is built, when the image is not in the cache", async () => {
        const bin = await double("docker", "other");
        const env = { PATH: `${bin}:${process.env["PATH"]}`, XDG_CACHE_HOME: join(folder, "empty") };
        // In a user namespace without a map root is nobody, and still reads what is root's.
        const other = process.getuid?.() === 0 ? ["unshare", "--user"] : [];
        const { code, stderr } = await command([], env, other);
        expect(stderr).toContain("only root can: run the command as root");
        expect(code).toBe(255);
    });
});

(image ? describe : describe.skip)("the node image in the cache", () => {
    it("is loaded under podman with the signal that ends systemd, and only when the engine has another", async () => {
        const known = await double("podman", image?.key ?? "");
        await command(["--provider", "podman"], { PATH: `${known}:${process.env["PATH"]}` });
        expect(await readFile(join(known, "asked"), "utf8")).not.toContain("import");

        const stale = await double("podman", "stale");
        const { stdout } = await command(["--provider", "podman"], { PATH: `${stale}:${process.env["PATH"]}` });
        expect(stdout.trim()).toBe(await nodeImageReference());
        const asked = await readFile(join(stale, "asked"), "utf8");
        expect(asked).toContain(`--change LABEL mcp-platform.node-image=${image?.key ?? ""} ${image?.archive ?? ""} ${stdout.trim()}`);
        expect(asked).toContain("--change STOPSIGNAL SIGRTMIN+3");
    });

    it("is not taken for it when it is not as it was written", async () => {
        const original = dirname(image?.archive ?? "");
        const copy = join(folder, "cache/mcp-platform/kind", basename(original));
        await mkdir(copy, { recursive: true });
        await link(image?.archive ?? "", join(copy, "node.tar")).catch(() => copyFile(image?.archive ?? "", join(copy, "node.tar")));
        const manifest = await readFile(join(original, "manifest.json"), "utf8");
        const before = process.env["XDG_CACHE_HOME"];
        try {
            process.env["XDG_CACHE_HOME"] = join(folder, "cache");
            await writeFile(join(copy, "manifest.json"), manifest);
            expect((await builtNodeImage())?.archive).toBe(join(copy, "node.tar"));
            await writeFile(join(copy, "manifest.json"), manifest.replace(/"size": (\d)/, '"size": 9$1'));
            expect(await builtNodeImage()).toBeUndefined();
        } finally {
            if (before === undefined) delete process.env["XDG_CACHE_HOME"];
            else process.env["XDG_CACHE_HOME"] = before;
        }
    });
});

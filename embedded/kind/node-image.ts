/** Puts a node image together: Debian, kind's own files, the programs and their images; one archive in the cache. */
import { createHash } from "node:crypto";
import { appendFile, chmod, cp, mkdir, readdir, readFile, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { inspect, hashFile } from "../cluster/build/entry.ts";
import { ensureEntry } from "../cluster/build/ensure.ts";
import { UserError } from "../common/errors.ts";
import { cacheRoot } from "../common/paths.ts";
import { check } from "../common/process.ts";
import { during, type Progress, type Step } from "../common/progress.ts";
import { nodeImages } from "./images.ts";
import { manifests } from "./manifests.ts";
import { buildParts, kindFiles, partsKey } from "./parts.ts";
import { preload } from "./preload.ts";
import { requirePackages, rootfs, rootfsKey } from "./rootfs.ts";
import { pinnedVersion, type PartFolders } from "./tools.ts";

const ARCHIVE = "node.tar";
const USUAL_SECONDS = 45;

/** A node image in the cache. */
export interface NodeImage {
    /** An archive of the whole file system. */
    readonly archive: string;
    /** SHA-256 over everything that goes into it. */
    readonly key: string;
}

/** Units that wait for devices of a machine, or run for one; a container has none. */
const UNWANTED_UNITS: readonly (readonly [folder: string, name: RegExp])[] = [
    ["lib/systemd/system/sysinit.target.wants", /^systemd-tmpfiles-setup\.service$/],
    ["lib/systemd/system/multi-user.target.wants", /./],
    ["lib/systemd/system/local-fs.target.wants", /./],
    ["lib/systemd/system/basic.target.wants", /./],
    ["lib/systemd/system/sockets.target.wants", /udev|initctl/],
    ["etc/systemd/system/multi-user.target.wants", /./],
    ["etc/systemd/system/getty.target.wants", /./],
    ["etc/systemd/system/timers.target.wants", /./],
];

/** What is changed in kind's own files: file, what is there, what takes its place. */
const EDITS: readonly (readonly [file: string, found: RegExp, replacement: string])[] = [
    // The kubelet would refuse to start on a machine with cgroup v1, unless each cluster's configuration said the same.
    ["etc/default/kubelet", /^(KUBELET_EXTRA_ARGS=.*)$/m, "$1 --fail-cgroupv1=false"],
    // Without the capability to lower it (SYS_RESOURCE) no container would start.
    ["etc/containerd/config.toml", /restrict_oom_score_adj = false/, "restrict_oom_score_adj = true"],
];

/** The image in the cache; undefined when it is not there or is damaged. */
export async function builtNodeImage(): Promise<NodeImage | undefined> {
    const key = await imageKey();
    const entry = await inspect(folderOf(key));
    return entry.state === "good" && entry.manifest.key === key ? { archive: join(folderOf(key), ARCHIVE), key } : undefined;
}

/**
 * Makes the node image and everything it consists of, as far as that is not in the cache.
 * @throws UserError when it is not root who asks, or something is missing
 */
export async function buildNodeImage(progress: Progress, signal?: AbortSignal): Promise<NodeImage> {
    const found = await builtNodeImage();
    if (found) return found;
    if (process.getuid?.() !== 0)
        throw new UserError(
            "The node image is not in the cache, and making it unpacks a Debian system, which only root can: run the command as root.",
        );
    await requirePackages(); // before anything is built for minutes
    const tools = await buildParts(progress, signal);
    const system = await rootfs(progress, signal);
    const key = await imageKey();
    await during(progress, "putting the node image together", USUAL_SECONDS, (step) => {
        const make = async (output: string, scratch: string): Promise<Record<string, string>> => {
            const node = join(scratch, "node");
            const version = await assemble(node, system, tools, scratch, step, signal);
            step.note("writing the archive");
            await check("tar", ["-C", node, "--numeric-owner", "--sort=name", "-cf", join(output, ARCHIVE), "."]);
            return { version, made: new Date().toISOString() };
        };
        const waiting = (pid: number): void => step.note(`process ${pid} is making it`);
        return ensureEntry({ folder: folderOf(key), key, title: "The node image", make, keep: 2, waiting, signal });
    });
    return { archive: join(folderOf(key), ARCHIVE), key };
}

const folderOf = (key: string): string => join(cacheRoot(), "kind", `node-${key.slice(0, 12)}`);

/** What puts the parts together counts as a part: a change of it makes another image. */
async function imageKey(): Promise<string> {
    const sources = ["node-image.ts", "images.ts", "preload.ts", "manifests.ts"].map((name) => join(import.meta.dirname, name));
    const hash = createHash("sha256").update(`${rootfsKey} ${await partsKey()} ${await pinnedVersion("kind")}`);
    for (const source of sources) hash.update(await hashFile(source));
    return hash.digest("hex");
}

/** @returns the version of Kubernetes */
async function assemble(
    node: string,
    system: string,
    tools: PartFolders,
    scratch: string,
    step: Step,
    signal?: AbortSignal,
): Promise<string> {
    step.note("unpacking the system");
    await mkdir(node);
    await check("tar", ["-C", node, "--numeric-owner", "-xpf", system], signal ? { signal } : {});
    await copyKindFiles(node, await kindFiles(signal));
    await addPrograms(node, tools);
    await settleServices(node);
    const version = await pinnedVersion("kubeadm");
    await writeFile(join(node, "kind/version"), version);
    await mkdir(join(node, "kind/manifests"), { recursive: true });
    for (const [name, text] of Object.entries(manifests)) await writeFile(join(node, "kind/manifests", name), text);
    const { stdout } = await check(join(tools.kubeadm, "kubeadm"), ["config", "images", "list", "--kubernetes-version", version]);
    const names = stdout.split("\n").filter(Boolean);
    await configureContainerd(node, tools, names);
    await preload(await nodeImages(tools, node, names), tools, join(node, "var/lib/containerd"), scratch, step, signal);
    return version;
}

async function copyKindFiles(node: string, files: string): Promise<void> {
    // The module cache is read-only, and so would be the copy.
    await check("cp", ["-r", "--no-preserve=mode,ownership", ...["etc", "kind", "usr"].map((name) => join(files, name)), `${node}/`]);
    for (const folder of ["usr/local/bin", "kind/bin"])
        for (const name of await readdir(join(node, folder))) await chmod(join(node, folder, name), 0o755);
    for (const [file, found, replacement] of EDITS) await edit(join(node, file), found, replacement);
}

async function edit(file: string, found: RegExp, replacement: string): Promise<void> {
    const text = await readFile(file, "utf8");
    if (!found.test(text))
        throw new UserError(`kind's file ${basename(file)} no longer has ${String(found)}, which must be replaced in it.`);
    await writeFile(file, text.replace(found, replacement));
}

async function addPrograms(node: string, tools: PartFolders): Promise<void> {
    const put: readonly (readonly [folder: string, names: readonly string[], to: string])[] = [
        [tools.containerd, ["containerd", "ctr", "containerd-shim-runc-v2"], "usr/local/bin"],
        [tools.crictl, ["crictl"], "usr/local/bin"],
        [tools.runc, ["runc"], "usr/local/sbin"],
        [tools["kind-cni"], ["ptp", "loopback", "host-local", "portmap"], "opt/cni/bin"],
        [tools.kubeadm, ["kubeadm", "kubectl"], "usr/bin"],
        [tools.kubernetes, ["kubelet"], "usr/bin"],
    ];
    for (const [folder, names, to] of put) {
        await mkdir(join(node, to), { recursive: true });
        for (const name of names) {
            await cp(join(folder, name), join(node, to, name));
            await chmod(join(node, to, name), 0o755);
        }
    }
}

async function settleServices(node: string): Promise<void> {
    for (const [folder, unwanted] of UNWANTED_UNITS)
        for (const name of await readdir(join(node, folder)).catch(() => []))
            if (unwanted.test(name)) await unlink(join(node, folder, name));
    await appendFile(join(node, "etc/systemd/journald.conf"), "ReadKMsg=no\n"); // the kernel's log is the machine's
    await rm(join(node, "sbin/init"), { force: true });
    await symlink("/usr/lib/systemd/systemd", join(node, "sbin/init"));
    await check("chroot", [node, "systemctl", "enable", "kubelet.service", "containerd.service", "undo-mount-hacks.service"]);
    await check("chroot", [node, "systemctl", "mask", "systemd-binfmt.service"]);
    for (const folder of ["etc/kubernetes/manifests", "etc/cni/net.d"]) await mkdir(join(node, folder), { recursive: true });
}

/** A container's defaults with kind's hook, and the pause image that kubeadm knows. */
async function configureContainerd(node: string, tools: PartFolders, names: readonly string[]): Promise<void> {
    const { stdout } = await check(join(tools.containerd, "ctr"), ["oci", "spec"]);
    const spec = JSON.parse(stdout) as { hooks?: { createContainer?: object[] }; process: { rlimits?: object } };
    delete spec.process.rlimits; // a container has its node's
    spec.hooks = { ...spec.hooks, createContainer: [...(spec.hooks?.createContainer ?? []), { path: "/kind/bin/mount-product-files.sh" }] };
    await writeFile(join(node, "etc/containerd/cri-base.json"), JSON.stringify(spec));
    const pause = names.find((name) => /\/pause:/.test(name)) ?? "";
    await edit(join(node, "etc/containerd/config.toml"), /sandbox_image = ".*"/, `sandbox_image = ${JSON.stringify(pause)}`);
}

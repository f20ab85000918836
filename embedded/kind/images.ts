/** The images that are on a kind node from the start: what kubeadm runs, the pod network and the volume provisioner. */
import { join } from "node:path";
import { check } from "../common/process.ts";
import { UserError } from "../common/errors.ts";
import { baseLayer } from "../images/own.ts";
import { architecture, type FileSpec, type ImageSpec, type LayerSpec } from "../images/spec.ts";
import { manifestImages } from "./manifests.ts";
import type { PartFolders } from "./tools.ts";

/** Programs of the packet filter that kube-proxy runs, where they are in a node's system. */
const FILTERS = ["/usr/sbin/xtables-nft-multi", "/usr/sbin/nft"];
/** The names under which the first of them is called. */
const FILTER_NAMES = ["iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"];

/** An image of one program: where its file is, where it is put, and what else is beside it. */
interface Program {
    readonly file: string;
    readonly at: string;
    readonly user?: string;
    readonly layers?: readonly LayerSpec[];
}

const program = (folder: string, name: string): Program => ({ file: join(folder, name), at: `/usr/local/bin/${name}` });

/** Of the images that kubeadm names, the program in each, by the last part of the repository. */
function kubeadmPrograms(tools: PartFolders, filters: LayerSpec): Readonly<Record<string, Program>> {
    return {
        "kube-apiserver": program(tools.kubernetes, "kube-apiserver"),
        "kube-controller-manager": program(tools.kubernetes, "kube-controller-manager"),
        "kube-scheduler": program(tools.kubernetes, "kube-scheduler"),
        "kube-proxy": { ...program(tools.kubernetes, "kube-proxy"), layers: [filters] },
        etcd: program(tools.etcd, "etcd"),
        coredns: { file: join(tools.coredns, "coredns"), at: "/coredns" },
        pause: { file: join(tools.mkimage, "pause"), at: "/pause", user: "65535:65535" },
    };
}

/**
 * All images of a node.
 * @param system the folder with a node's system, which the packet filter's programs are taken from
 * @param names the references that kubeadm wants
 * @throws UserError when kubeadm wants an image that is not made here
 */
export async function nodeImages(tools: PartFolders, system: string, names: readonly string[]): Promise<ImageSpec[]> {
    const programs = kubeadmPrograms(tools, await filterLayer(system));
    const images = names.map((ref) => {
        const found = programs[/([^/:]+):[^:/]+$/.exec(ref)?.[1] ?? ""];
        if (!found) throw new UserError(`kubeadm wants the image ${ref}, which no part of this repository makes.`);
        return imageOf(ref, found);
    });
    const links = ["/setup", "/teardown"].map((path) => ({ path, to: "/volume-helper" }));
    return [
        ...images,
        imageOf(manifestImages.podNetwork, program(tools["kind-parts"], "pod-network")),
        imageOf(manifestImages.provisioner, program(tools["local-path-provisioner"], "local-path-provisioner")),
        imageOf(manifestImages.volumeHelper, {
            file: join(tools["kind-parts"], "volume-helper"),
            at: "/volume-helper",
            layers: [{ comment: "the names it is called by", links }],
        }),
    ];
}

function imageOf(ref: string, { file, at, user = "0:0", layers = [] }: Program): ImageSpec {
    return {
        ref,
        architecture,
        entrypoint: [at],
        user,
        layers: [baseLayer(undefined), ...layers, { comment: at, files: [{ from: file, to: at, mode: "755" }] }],
    };
}

/** The programs of the packet filter, its extensions, and the libraries that any of them is linked to. */
async function filterLayer(system: string): Promise<LayerSpec> {
    const folder = "usr/lib";
    const { stdout: found } = await check("chroot", [system, "find", `/${folder}`, "-path", "*/xtables/*.so"]);
    const extensions = found.split("\n").filter(Boolean).toSorted();
    const { stdout: linked } = await check("chroot", [system, "ldd", ...FILTERS, ...extensions]);
    const libraries = [...new Set([...linked.matchAll(/(\/\S+)\s+\(0x/g)].flatMap(([, path]) => path ?? []))].toSorted();
    const { stdout: real } = await check("chroot", [system, "realpath", "-e", ...FILTERS, ...extensions, ...libraries]);
    const sources = real.split("\n").filter(Boolean);
    // An image's PATH ends at /usr/bin, so that is where the programs go.
    const targets = [...FILTERS.map((path) => path.replace("/sbin/", "/bin/")), ...extensions, ...libraries];
    const files: FileSpec[] = targets.map((to, i) => ({ from: join(system, sources[i] ?? ""), to, mode: "755" }));
    return {
        comment: "iptables and nftables",
        files,
        links: FILTER_NAMES.map((name) => ({ path: `/usr/bin/${name}`, to: "xtables-nft-multi" })),
    };
}

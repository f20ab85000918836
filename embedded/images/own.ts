/** The images a bare cluster needs. They hold one static program each. */
import type { ToolName } from "../cluster/build.ts";
import type { FileSpec, LayerSpec, RunSpec } from "./spec.ts";

/** An image of one program from the cache of builds. */
export interface OwnImage extends RunSpec {
    readonly ref: string;
    readonly title: string;
    readonly tool: ToolName;
    /** The binary's name in the tool's folder, and where it is put. */
    readonly binary: string;
    readonly at: string;
    /** Without the base layer: nothing but the binary. */
    readonly bare?: boolean;
    readonly layer?: Omit<LayerSpec, "comment" | "files">;
}

/** The user of images that need no rights of their own. */
export const NONROOT = "65532:65532";

/** Where the embedded cluster looks for images that were loaded into it and come from no registry. */
const LOCAL = "localhost/mcp-platform";

const registryConfiguration = `version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: /var/lib/registry
  delete:
    enabled: true
  cache:
    blobdescriptor: inmemory
http:
  addr: :5000
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`;

export const ownImages = {
    pause: {
        ref: `${LOCAL}/pause:3.10.1`,
        title: "Holds a pod's namespaces open",
        tool: "mkimage",
        binary: "pause",
        at: "/pause",
        bare: true,
        entrypoint: ["/pause"],
        env: ["GOMAXPROCS=1"],
        user: "65535:65535",
    },
    coredns: {
        ref: `${LOCAL}/coredns:v1.15.0`,
        title: "CoreDNS, the cluster's name server",
        tool: "coredns",
        binary: "coredns",
        at: "/coredns",
        entrypoint: ["/coredns"],
        user: NONROOT,
        workdir: "/",
    },
    registry: {
        ref: `${LOCAL}/registry:3.0.0`,
        title: "The distribution registry",
        tool: "registry",
        binary: "registry",
        at: "/usr/local/bin/registry",
        layer: {
            dirs: [{ path: "/var/lib/registry", mode: "1777" }],
            text: [{ path: "/etc/distribution/config.yml", content: registryConfiguration }],
        },
        entrypoint: ["/usr/local/bin/registry"],
        cmd: ["serve", "/etc/distribution/config.yml"],
        // Without it the registry sends traces to a collector that nobody has set up, and complains in its log.
        env: ["OTEL_TRACES_EXPORTER=none"],
        user: NONROOT,
    },
    traefik: {
        ref: `${LOCAL}/traefik:v3.6.7`,
        title: "Traefik, the ingress controller",
        tool: "traefik",
        binary: "traefik",
        at: "/usr/local/bin/traefik",
        entrypoint: ["/usr/local/bin/traefik"],
        user: NONROOT,
    },
} satisfies Record<string, OwnImage>;

export type OwnImageName = keyof typeof ownImages;

/** What every image but the barest begins with: users, names, certificates, a place for temporary files. */
export function baseLayer(certificates: FileSpec | undefined): LayerSpec {
    return {
        comment: "users, name service, certificates, /tmp",
        dirs: [{ path: "/tmp", mode: "1777" }],
        text: [
            { path: "/etc/passwd", content: "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n" },
            { path: "/etc/group", content: "root:x:0:\nnonroot:x:65532:\n" },
            { path: "/etc/nsswitch.conf", content: "hosts: files dns\n" },
        ],
        ...(certificates ? { files: [certificates] } : {}),
    };
}

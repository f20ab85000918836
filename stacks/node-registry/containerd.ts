/** Facts about containerd's releases that decide how it can be told about registries. */

/** The one folder that containerd reads registries from. Several are read as one name by the pull of 2.1. */
export const CONFIG_ROOT = "/etc/containerd/certs.d";

/** What runs containers on a node. */
export interface Runtime {
    readonly name: "containerd" | "docker";
    readonly major: number;
    readonly minor: number;
    readonly patch: number;
}

/** Reads `containerd://2.2.1-k3s1`, `containerd github.com/containerd/containerd/v2 v2.2.1 …`, `docker://28.1.1` or `2.2.1`. */
export function parseRuntime(text: string | undefined): Runtime | undefined {
    const [, major, minor, patch] = /(?:^|[\sv/])(\d+)\.(\d+)\.(\d+)/.exec(text ?? "") ?? [];
    if (text === undefined || major === undefined) return undefined;
    return { name: text.includes("docker:") ? "docker" : "containerd", major: Number(major), minor: Number(minor), patch: Number(patch) };
}

/** The plugin whose table has `registry`, by version of the configuration file. */
export const REGISTRY_TABLE = {
    2: 'plugins."io.containerd.grpc.v1.cri".registry',
    3: 'plugins."io.containerd.cri.v1.images".registry',
} as const;

export type ConfigVersion = keyof typeof REGISTRY_TABLE;

/** The version that a new configuration file has: 3 exists since containerd 2.0, and 2 is understood by all. */
export const configVersion = (runtime: Runtime | undefined): ConfigVersion => (runtime && runtime.major >= 2 ? 3 : 2);

/** The lines that make containerd read {@link CONFIG_ROOT}. */
export const configPath = (version: ConfigVersion): string => `[${REGISTRY_TABLE[version]}]\n  config_path = "${CONFIG_ROOT}"\n`;

/** What has to be known about a runtime's release; sentences for people. */
export function runtimeWarnings(text: string | undefined): string[] {
    const runtime = parseRuntime(text);
    if (!runtime || runtime.name !== "containerd") return [];
    const { major, minor, patch } = runtime;
    const release = `containerd ${major}.${minor}.${patch}`;
    if (major === 2 && minor === 2 && patch < 2)
        return [
            `${release} sets config_path by itself, so that one mirror in config.toml keeps its CRI plugin from loading and the node from becoming Ready: have none, or update to 2.2.2.`,
        ];
    if (major === 2 && minor < 2) return [`${release} reads no hosts.toml unless config_path is set, and only where it is one folder.`];
    if (major > 2 || (major === 2 && minor >= 4)) return [`${release} no longer knows mirrors in config.toml: hosts.toml is the only way.`];
    return [];
}

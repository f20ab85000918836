import type { Settings } from "../schema/settings.ts";
import { when, type Problem, type Rule } from "./rule.ts";

/** Folders that belong to the system or to Kubernetes itself, with all that is in them. */
const RESERVED =
    /^\/(bin|boot|dev|etc|lib|lib32|lib64|proc|root|run|sbin|sys|tmp|usr|var\/(run|tmp|lib\/(containerd|docker|etcd|kubelet|rancher)))(\/|$)/;

function mistakeOf(path: string): string | undefined {
    const example = "such as /var/lib/mcp-platform";
    if (!path.startsWith("/")) return `give an absolute path on the node, ${example}`;
    if (path.split("/").some((part) => part === ".." || part === ".")) return `give the path without . and .., ${example}`;
    if (!/^(\/[A-Za-z0-9._-]+)+$/.test(path)) return `give a folder in letters, digits, dots, dashes and underscores, ${example}`;
    return RESERVED.test(path) ? `it belongs to the node's system: give a folder of its own, ${example}` : undefined;
}

/** The nodes by name, where the settings say which there are. */
function nodesOf({ topology }: Settings): readonly string[] | undefined {
    switch (topology.kind) {
        case "k3s":
            return topology.nodes.map(({ name }) => name);
        case "kind": {
            const numbers = Array.from({ length: topology.workers }, (_, index) => (index === 0 ? "" : String(index + 1)));
            return [`${topology.name}-control-plane`, ...numbers.map((number) => `${topology.name}-worker${number}`)];
        }
        case "existing":
            return topology.nodes;
        case "embedded":
        case "minikube":
            return undefined;
    }
}

function knownNode(settings: Settings): readonly Problem[] {
    const { storage } = settings;
    const nodes = nodesOf(settings);
    if (storage.mode !== "hostPath" || !nodes) return [];
    return when(!nodes.includes(storage.node), {
        path: ["storage", "node"],
        fix: `there is no such node: use one of ${nodes.join(", ")}`,
    });
}

export const storageRules: readonly Rule[] = [
    {
        id: "host-path",
        keys: ["storage"],
        says: "`hostPath` needs the absolute path of a folder that is not the system's",
        check: ({ storage }) => {
            const mistake = storage.mode === "hostPath" ? mistakeOf(storage.path) : undefined;
            return mistake === undefined ? [] : [{ path: ["storage", "path"], fix: mistake }];
        },
    },
    {
        id: "host-path-node",
        keys: ["storage", "topology"],
        says: "`hostPath` names a node that there is",
        check: knownNode,
    },
];

import { checks } from "./checks.ts";
import { hostsFiles } from "./containerd-nodes.ts";
import type { RegistryFacts, RegistryNode } from "./facts.ts";
import { shellQuote, type NodePlan } from "./plan.ts";

/** What minikube copies into every node when it starts: https://minikube.sigs.k8s.io/docs/handbook/filesync/ */
const SYNCED = "~/.minikube/files";

/**
 * The flags that `minikube start` needs: containerd, since Docker Engine reads no hosts.toml and is only the default of
 * older releases; a network that enforces NetworkPolicies, which minikube's own does not.
 */
export function minikubeFlags({ minikube, nodes }: RegistryFacts): string[] {
    const { profile = "minikube", driver, ports = [] } = minikube ?? {};
    return [
        `--profile=${profile}`,
        ...(driver === undefined ? [] : [`--driver=${driver}`]),
        "--container-runtime=containerd",
        "--cni=calico",
        `--nodes=${nodes.length}`,
        "--cpus=4",
        "--memory=8g",
        ...ports.map((published) => `--ports=${published}`),
    ];
}

/** What is done before there is a node. */
export function minikubeStart(facts: RegistryFacts): NodePlan {
    return {
        node: "this machine",
        notes: [
            "With MINIKUBE_HOME set, files/ is below that folder instead. The files reach nodes when minikube starts.",
            "--insecure-registry is not needed, and would only count when the profile is made.",
        ],
        files: hostsFiles(facts, undefined, SYNCED),
        commands: [`minikube start ${minikubeFlags(facts).map(shellQuote).join(" ")}`],
        verify: [],
    };
}

/** A node that runs already: the same files, without a restart. */
export function minikubeNode(facts: RegistryFacts, { name }: RegistryNode): NodePlan {
    const profile = facts.minikube?.profile ?? "minikube";
    return {
        node: name,
        within: ["minikube", "ssh", "--profile", profile, "--node", name, "--", "sudo"],
        notes: [],
        files: [],
        commands: [],
        verify: checks(facts, "crictl", hostsFiles(facts).find(({ path }) => path.endsWith(".crt"))?.path),
    };
}

/**
 * How the nodes of a cluster are told about an image registry: one generator for all that makes clusters. Facts in, files,
 * commands and checks out; nothing is read and nothing is run.
 */
import { configPath, runtimeWarnings } from "./containerd.ts";
import { kindNode, kubeadmNode } from "./containerd-nodes.ts";
import { dockerDesktopNodes } from "./docker-desktop.ts";
import { checkFacts, type RegistryFacts } from "./facts.ts";
import { k3sNode } from "./k3s.ts";
import { minikubeNode, minikubeStart } from "./minikube.ts";
import type { RegistryPlan } from "./plan.ts";

export type { HostsEntry, NodeTarget, RegistryFacts, RegistryNode, Text } from "./facts.ts";
export type { NodeFile, NodePlan, RegistryPlan, Verification } from "./plan.ts";
export { shellQuote, writeScript } from "./plan.ts";
export { hostsToml, hostsTomlPath, type HostsTomlArgs } from "./hosts-toml.ts";

/**
 * What kind's cluster configuration needs in `containerdConfigPatches`. kind's own file is of version 2 with every release
 * of containerd; it sets no config_path, without which 2.0 and 2.1 read no hosts.toml.
 */
export const KIND_PATCH: string = configPath(2);

/**
 * The plan for every node.
 * @throws RunError for facts that no node could be configured from, and for configurations that would not start with them
 */
export function nodeRegistry(facts: RegistryFacts): RegistryPlan {
    checkFacts(facts);
    const warnings = runtimeWarnings(facts.runtime);
    switch (facts.target) {
        case "k3s":
            return { warnings, nodes: facts.nodes.map((node) => k3sNode(facts, node)) };
        case "kind":
            return { warnings, kindPatch: KIND_PATCH, nodes: facts.nodes.map((node) => kindNode(facts, node)) };
        case "minikube":
            return { warnings, before: minikubeStart(facts), nodes: facts.nodes.map((node) => minikubeNode(facts, node)) };
        case "docker-desktop":
            return { warnings, nodes: dockerDesktopNodes(facts) };
        case "kubeadm":
            return { warnings, nodes: facts.nodes.map((node) => kubeadmNode(facts, node)) };
    }
}

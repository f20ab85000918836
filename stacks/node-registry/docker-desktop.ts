import { RunError } from "@pulumi/pulumi/errors.js";
import { checks } from "./checks.ts";
import { kindNode } from "./containerd-nodes.ts";
import { parseRuntime } from "./containerd.ts";
import { isLoopback, isPlain, type RegistryFacts, type RegistryNode } from "./facts.ts";
import type { NodePlan } from "./plan.ts";

/** Docker Engine and containerd both speak HTTP to a loopback name with a port, and take any certificate from it. */
const trustsByItself = (facts: RegistryFacts) => isPlain(facts) || facts.names.every((name) => name === facts.endpoint && isLoopback(name));

/** The node of Docker Desktop's kubeadm provisioner, whose images Docker Engine pulls. */
function engineNode(facts: RegistryFacts): NodePlan {
    const other = facts.names.find((name) => name !== facts.endpoint);
    if (other !== undefined)
        throw new RunError(
            `registry name ${JSON.stringify(other)} is not the endpoint ${facts.endpoint}: Docker Engine has no mirrors for it. Use ${facts.endpoint} in image references, or Docker Desktop's kind provisioner.`,
        );
    const names = JSON.stringify({ "insecure-registries": facts.names }, null, 2);
    return {
        node: "docker-desktop",
        notes: trustsByItself(facts) ? ["Nothing to configure: Docker Engine trusts a registry on its own loopback."] : [],
        files: trustsByItself(facts)
            ? []
            : [{ path: "~/.docker/daemon.json", mode: "0644", kind: "merge", content: { text: `${names}\n` } }],
        commands: trustsByItself(facts) ? [] : ["docker desktop restart"],
        verify: checks(facts, "docker").slice(1),
    };
}

/** A node of the kind provisioner: daemon.json does not reach it, its own containerd pulls. */
function containerNode(facts: RegistryFacts, node: RegistryNode): NodePlan {
    const plan = kindNode({ ...facts, provider: "docker" }, node);
    if (!trustsByItself(facts)) return plan;
    return { ...plan, files: [], notes: ["Nothing to configure: containerd trusts a registry on its own loopback."] };
}

/** Docker Desktop has two ways to make its node; where the runtime is not known, both are said. */
export function dockerDesktopNodes(facts: RegistryFacts): NodePlan[] {
    const runtime = parseRuntime(facts.runtime);
    if (runtime?.name === "docker") return [engineNode(facts)];
    const nodes = facts.nodes.map((node) => containerNode(facts, node));
    if (runtime) return nodes;
    const how =
        "Which of the two it is, `kubectl get nodes -o wide` says: docker:// is the kubeadm provisioner, containerd:// the kind provisioner.";
    return [engineNode(facts), ...nodes].map((plan) => ({ ...plan, notes: [how, ...plan.notes] }));
}

import type { NodePlan, RegistryFacts, RegistryPlan } from "../../../stacks/node-registry/index.ts";

export const CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/** A registry behind NodePort 32000, as all targets have it unless a test says otherwise. */
export function facts(overrides: Partial<RegistryFacts> = {}): RegistryFacts {
    return {
        target: "kubeadm",
        names: ["registry.local", "registry.registry.svc.cluster.local:5000"],
        endpoint: "127.0.0.1:32000",
        scheme: "http",
        nodes: [
            { name: "one", role: "server" },
            { name: "two", role: "agent" },
        ],
        ...overrides,
    };
}

/** The text of a plan's files by path. */
export function filesOf(plan: NodePlan | undefined): Record<string, string> {
    return Object.fromEntries(
        (plan?.files ?? []).map(({ path, content }) => [path, "text" in content ? content.text : `$(${content.output})`]),
    );
}

/** All plans of machines: those of nodes, and the one before there are any. */
export const plansOf = (plan: RegistryPlan): NodePlan[] => [...(plan.before ? [plan.before] : []), ...plan.nodes];

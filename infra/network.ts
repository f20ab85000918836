import { ingressControllerOf } from "../components/edge/create.ts";
import { trustedRanges } from "../components/edge/exposure.ts";
import { NAMESPACES } from "../components/namespaces/names.ts";
import { selectorOf } from "../components/workloads/labels.ts";
import type { Feature, NetworkFacts } from "../components/network/facts.ts";
import type { Topology } from "../stacks/topology.ts";
import type { Settings } from "./settings.ts";

/** The parts that the settings give the platform. */
function featuresOf({ registry, ingress, tls, mesh }: Settings): Feature[] {
    const parts: Readonly<Record<Feature, boolean>> = {
        registry: registry.mode === "bundled-http" || registry.mode === "bundled-https",
        registryRoute: registry.mode === "bundled-https",
        edge: ingress.owner === "platform",
        certManager: tls.mode === "acme" && tls.certManager === "install",
        challenges: tls.mode === "acme" || tls.mode === "issuer",
        mesh: mesh.mode === "bundled",
    };
    return (Object.keys(parts) as Feature[]).filter((feature) => parts[feature]);
}

/** The pods that k3s's ServiceLB forwards from: https://docs.k3s.io/networking/networking-services#service-load-balancer */
const SERVICE_LB = {
    namespace: "kube-system",
    labels: {
        "svccontroller.k3s.cattle.io/svcname": selectorOf("traefik")["app.kubernetes.io/name"],
        "svccontroller.k3s.cattle.io/svcnamespace": NAMESPACES.edge,
    },
} as const;

const isK3s = ({ topology }: Settings) => topology.kind === "k3s" || (topology.kind === "existing" && topology.distribution === "k3s");

/** What of the settings and the place decides who talks to whom. */
export function networkFactsOf(settings: Settings, { edge }: Pick<Topology, "edge">): NetworkFacts {
    const { frontDoor, ingress, tls, npmRegistry, servers } = settings;
    const named = tls.mode === "acme" && (tls.directory === "production" || tls.directory === "staging");
    return {
        features: featuresOf(settings),
        ingress: ingressControllerOf(ingress),
        // Behind NodePorts the edge sees nodes, whoever connects to them.
        trustedRanges: edge.kind === "loadBalancer" ? trustedRanges(frontDoor) : [],
        balancer: edge.kind === "loadBalancer" && isK3s(settings) ? SERVICE_LB : undefined,
        acmeDirectory: tls.mode === "acme" && !named ? tls.directory : undefined,
        npmRegistry,
        servers,
    };
}

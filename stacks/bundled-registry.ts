/** Where images are, seen from a cluster that others or k3s made: the same for all of these topologies. */
import { NODE_PORTS } from "./primitives.ts";
import type { RegistryFacts, Text } from "./node-registry/index.ts";
import type { RegistryChoice } from "./topology.ts";

/** Where the authority that signed the registry's own certificate is found, PEM: an output, and a Secret made on the way to it. */
const REGISTRY_AUTHORITY: Text = {
    output: "registryCaCertificate",
    early: `kubectl get secret registry-authority --namespace registry --output go-template='{{index .data "ca.crt" | base64decode}}'`,
};

/** Every node reaches the registry at its own loopback, wherever the registry's pod is: kube-proxy passes it on. */
export const NODE_ENDPOINT = `127.0.0.1:${NODE_PORTS.registry}`;

/** Host, and the repositories' prefix where there is one, of a registry that others run. */
export const hostOf = (url: string): string => url.split("/")[0] ?? url;

/** What nodes are told about the registry that image references name `host`. */
export function registryFacts(
    choice: RegistryChoice,
    host: string,
    place: Pick<RegistryFacts, "target" | "nodes" | "hosts" | "minikube">,
): RegistryFacts {
    if (choice.mode === "external") {
        const name = hostOf(choice.url);
        return { ...place, hosts: undefined, names: [name], endpoint: name, scheme: "https" };
    }
    const endpoint = host.startsWith("localhost:") ? host : NODE_ENDPOINT;
    const facts = { ...place, names: [host], endpoint };
    return choice.mode === "bundled-https" ? { ...facts, scheme: "https", ca: REGISTRY_AUTHORITY } : { ...facts, scheme: "http" };
}

import { isLoopback, isPlain, type RegistryFacts, type RegistryNode } from "./facts.ts";
import { MARKERS, type NodeFile, type NodePlan } from "./plan.ts";
import { caFile, checks } from "./checks.ts";

const FOLDER = "/etc/rancher/k3s";
const CA_FILE = `${FOLDER}/mcp-platform-registry-ca.crt`;

/** A YAML scalar: JSON's strings are YAML's. */
const scalar = (text: string): string => JSON.stringify(text);

/**
 * The content of k3s's registries.yaml: https://docs.k3s.io/installation/private-registry
 *
 * An http endpoint has no `configs`: with settings of TLS containerd would try HTTPS first, at every pull.
 */
function registriesYaml(facts: Pick<RegistryFacts, "names" | "endpoint" | "scheme" | "ca">): string {
    const { names, endpoint, scheme, ca } = facts;
    const mirrors = names.map((name) => `  ${scalar(name)}:\n    endpoint:\n      - ${scalar(`${scheme}://${endpoint}`)}\n`);
    const configs = ca ? `configs:\n  ${scalar(endpoint)}:\n    tls:\n      ca_file: ${scalar(CA_FILE)}\n` : "";
    return `mirrors:\n${mirrors.join("")}${configs}`;
}

/** A node's hosts file gets these lines between two markers. */
export function hostsBlock(facts: RegistryFacts): NodeFile[] {
    if (!facts.hosts?.length) return [];
    const lines = facts.hosts.map(({ address, names }) => `${address} ${names.join(" ")}`);
    return [{ path: "/etc/hosts", mode: "0644", kind: "block", content: { text: [MARKERS.begin, ...lines, MARKERS.end, ""].join("\n") } }];
}

const secretFile = (path: string, text: string): NodeFile => ({ path, mode: "0600", kind: "file", content: { text } });

/** A node of k3s, servers included: the file is read only when k3s starts. */
export function k3sNode(facts: RegistryFacts, node: RegistryNode): NodePlan {
    if (isPlain(facts)) return { node: node.name, notes: [], files: hostsBlock(facts), commands: [], verify: checks(facts, "k3s crictl") };
    const services = { server: "k3s", agent: "k3s-agent" } as const;
    const service = node.role === undefined ? "'k3s*.service'" : services[node.role];
    return {
        node: node.name,
        notes: [
            "Write the files before k3s is installed and nothing has to be restarted; later, drain and restart one node at a time.",
            ...(isLoopback(facts.endpoint)
                ? ["kube-proxy has to run in its mode iptables, k3s's own: the others serve no NodePort on 127.0.0.1."]
                : []),
        ],
        files: [
            secretFile(`${FOLDER}/registries.yaml`, registriesYaml(facts)),
            // Without it containerd asks https://<name> at last, and the error of that hides the registry's answer.
            secretFile(`${FOLDER}/config.yaml.d/50-mcp-platform-registry.yaml`, "disable-default-registry-endpoint: true\n"),
            ...caFile(facts, CA_FILE),
            ...hostsBlock(facts),
        ],
        commands: [`systemctl try-restart ${service}`],
        verify: checks(facts, "k3s crictl", CA_FILE),
    };
}

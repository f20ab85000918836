/** Nodes whose containerd is configured by files of its own: kind, minikube, kubeadm, and Docker Desktop's kind. */
import { RunError } from "@pulumi/pulumi/errors.js";
import { caFile, checks } from "./checks.ts";
import { CONFIG_ROOT, configPath, configVersion, parseRuntime } from "./containerd.ts";
import { editConfigToml } from "./config-toml.ts";
import { isLoopback, isPlain, type RegistryFacts, type RegistryNode } from "./facts.ts";
import { hostsFolder, hostsToml, hostsTomlPath } from "./hosts-toml.ts";
import { hostsBlock } from "./k3s.ts";
import type { NodeFile, NodePlan } from "./plan.ts";

const caPath = (name: string, root: string) => `${hostsFolder(name, root)}/ca.crt`;

/** One folder for each name: hosts.toml, and the authority beside it. */
export function hostsFiles(facts: RegistryFacts, root: string = CONFIG_ROOT, prefix = ""): NodeFile[] {
    if (isPlain(facts)) return [];
    const { names, endpoint, scheme, ca } = facts;
    return names.flatMap((name) => {
        const text = hostsToml({ endpoint, scheme, caFile: ca && caPath(name, root) });
        const file: NodeFile = { path: prefix + hostsTomlPath(name, root), mode: "0644", kind: "file", content: { text } };
        return [file, ...caFile(facts, prefix + caPath(name, root))];
    });
}

const LOOPBACK = "kube-proxy has to run in its mode iptables: nftables and ipvs serve no NodePort on 127.0.0.1.";

/** Checks of one node; the authority is read from the first name's folder. */
const nodeChecks = (facts: RegistryFacts, crictl: string, root = CONFIG_ROOT) => checks(facts, crictl, caPath(facts.names[0] ?? "", root));

/** A node of kind: nothing is restarted, for hosts.toml is read at every pull. Commands run in the node's container. */
export function kindNode(facts: RegistryFacts, { name }: RegistryNode): NodePlan {
    return {
        node: name,
        within: [facts.provider ?? "docker", "exec", "-i", name],
        notes: [],
        files: hostsFiles(facts),
        commands: [],
        verify: nodeChecks(facts, "crictl"),
    };
}

/** A node that a person prepared for kubeadm, or that anything else with containerd made. */
export function kubeadmNode(facts: RegistryFacts, { name }: RegistryNode): NodePlan {
    const runtime = parseRuntime(facts.runtime);
    if (runtime?.name === "docker")
        throw new RunError(
            `node ${name} runs ${facts.runtime}: Docker Engine reads no hosts.toml. Give kubeadm's nodes containerd, or push to a registry whose certificate they trust.`,
        );
    const edit = facts.configToml === undefined ? undefined : editConfigToml(facts.configToml);
    const files = hostsFiles(facts, edit?.root);
    const config = { path: "/etc/containerd/config.toml", mode: "0644" } as const;
    if (!files.length) return { node: name, notes: [], files: hostsBlock(facts), commands: [], verify: nodeChecks(facts, "crictl") };
    const unknown: NodeFile = { ...config, kind: "merge", content: { text: configPath(configVersion(runtime)) } };
    const changed: NodeFile[] = edit?.changed ? [{ ...config, kind: "file", content: { text: edit.text } }] : [];
    return {
        node: name,
        notes: [
            ...(edit
                ? []
                : [
                      `The lines of ${config.path} belong into the table of that name; where there are mirrors or configs with tls, move those into hosts.toml first: containerd does not start its CRI plugin with both.`,
                  ]),
            ...(edit || runtime
                ? []
                : ['A file with "version = 3" wants the table plugins."io.containerd.cri.v1.images".registry instead.']),
            ...(isLoopback(facts.endpoint) ? [LOOPBACK] : []),
        ],
        files: [...(edit ? changed : [unknown]), ...files, ...hostsBlock(facts)],
        commands: edit && !edit.changed ? [] : ["containerd config dump > /dev/null && systemctl restart containerd"],
        verify: nodeChecks(facts, "crictl", edit?.root),
    };
}

import { beforeAll, describe, expect, test } from "@jest/globals";
import { isSecret, nameOf, reveal, runProgram, stackConfig, type ProgramRun, type Properties, type Registered } from "./run.ts";

let run: ProgramRun;
beforeAll(async () => {
    process.env["MCP_PLATFORM_STATE"] = "/var/lib/example";
    run = await runProgram(await stackConfig("embedded"));
});

function named(name: string, type = ""): Registered {
    const [found, ...more] = run.resources.filter((resource) => resource.name === name && resource.type.endsWith(type));
    if (!found || more.length) throw new Error(`${more.length + (found ? 1 : 0)} resources are called ${name}`);
    return found;
}

/** The children of a component, without the package and in order of their names. */
function childrenOf(type: string, name: string): string[] {
    const children = run.resources.filter(({ parent }) => parent.endsWith(`${type}::${name}`));
    return children.map((child) => `${child.type.replace(/^(kubernetes|random|tls|command):(.*[/:])?/, "")} ${child.name}`).toSorted();
}

const at = (value: unknown, ...path: (string | number)[]): unknown =>
    path.reduce<unknown>((inner, part) => (inner as Properties | undefined)?.[part], reveal(value));

const kubernetesResources = () => run.resources.filter(({ type }) => type.startsWith("kubernetes:"));

describe("a component has exactly these children", () => {
    const stack: string[] = [
        "kubernetes embedded",
        "mcp:edge:Edge edge",
        "mcp:edge:InternalCertificate certificate",
        "mcp:gateway:Gateway gateway",
        "mcp:namespaces:PlatformNamespace mcp-runtime",
        "mcp:namespaces:PlatformNamespace mcp-servers",
        "mcp:namespaces:PlatformNamespace registry",
        "mcp:namespaces:PlatformNamespace traefik",
        "mcp:operator:ImageLoad operator-image",
        "mcp:operator:Operator operator",
        "mcp:registry:ImagePush everything",
        "mcp:registry:Registry registry",
        "mcp:servers:McpServers servers",
    ];

    test("the stack", () => {
        const children = run.resources.filter(({ parent }) => parent.endsWith("pulumi:pulumi:Stack::mcp-platform-embedded"));
        expect(children.map(({ type, name }) => `${type.replace("pulumi:providers:", "")} ${name}`).toSorted()).toEqual(stack);
    });

    test.each([
        ["mcp-runtime", ["default-deny", "allow-operator", "allow-gateway"]],
        ["mcp-servers", ["default-deny", "allow-servers"]],
        ["registry", ["default-deny", "allow-registry"]],
        ["traefik", ["default-deny", "allow-edge"]],
    ])("PlatformNamespace %s", (name, policies) => {
        const expected = [`Namespace ${name}-namespace`, ...policies.map((policy) => `NetworkPolicy ${name}-${policy}`)];
        expect(childrenOf("PlatformNamespace", name)).toEqual(expected.toSorted());
    });

    test.each([
        [
            "Registry",
            "registry",
            [
                "ConfigMap registry-configuration",
                "Deployment registry-deployment",
                "PersistentVolumeClaim registry-storage",
                "RandomPassword registry-http-secret",
                "RandomPassword registry-pull-password",
                "RandomPassword registry-push-password",
                "Secret registry-pull",
                "Secret registry-users",
                "Service registry-service",
                "ServiceAccount registry-account",
            ],
        ],
        ["ImagePush", "everything", ["Command everything-command"]],
        ["ImageLoad", "operator-image", ["Command operator-image-command"]],
        [
            "Edge",
            "edge",
            [
                "ClusterRole edge-cluster-role",
                "ClusterRoleBinding edge-cluster-binding",
                "Deployment edge-deployment",
                "IngressClass edge-class",
                "Role edge-role-mcp-runtime",
                "RoleBinding edge-binding-mcp-runtime",
                "Service edge-service",
                "ServiceAccount edge-account",
            ],
        ],
        [
            "InternalCertificate",
            "certificate",
            [
                "CertRequest certificate-request",
                "LocallySignedCert certificate-certificate",
                "PrivateKey certificate-authority-key",
                "PrivateKey certificate-key",
                "Secret certificate-secret",
                "SelfSignedCert certificate-authority",
            ],
        ],
        [
            "Operator",
            "operator",
            [
                "CustomResourceDefinition operator-definition",
                "Deployment operator-deployment",
                "Role operator-role-servers",
                "RoleBinding operator-binding-servers",
                "ServiceAccount operator-account",
            ],
        ],
        [
            "Gateway",
            "gateway",
            [
                "Deployment gateway-deployment",
                "Ingress gateway-ingress",
                "Role gateway-role-servers",
                "RoleBinding gateway-binding-servers",
                "Service gateway-service",
                "ServiceAccount gateway-account",
            ],
        ],
        ["McpServers", "servers", ["MCPServer servers-everything", "MCPServer servers-everything-http"]],
    ])("%s", (type, name, expected) => {
        expect(childrenOf(type, name)).toEqual(expected);
    });
});

describe("options", () => {
    test("every Kubernetes resource uses the stack's own provider, never a default one", () => {
        const providers = new Set(kubernetesResources().map(({ provider }) => provider));
        expect([...providers]).toEqual([expect.stringMatching(/pulumi:providers:kubernetes::embedded::embedded-id$/)]);
        expect(named("embedded", "providers:kubernetes").inputs).toEqual({
            kubeconfig: "/var/lib/example/cluster/kubeconfig",
            context: "embedded",
            clusterIdentifier: "mcp-platform-embedded",
            enableConfigMapMutable: "true",
            enableSecretMutable: "true",
        });
    });

    test("every resource but the stack and its components has a parent that is a component", () => {
        const loose = run.resources.filter(
            ({ custom, parent, type }) => custom && !type.startsWith("pulumi:") && !/mcp:\w+:\w+::/.test(parent),
        );
        expect(loose).toEqual([]);
    });

    test.each([
        ["registry", "Registry", ["registry-namespace", "registry-default-deny", "registry-allow-registry", "mcp-servers-namespace"]],
        ["edge", "Edge", ["traefik-namespace", "traefik-default-deny", "traefik-allow-edge", "mcp-runtime-namespace"]],
        ["operator", "Operator", ["mcp-runtime-default-deny", "mcp-runtime-allow-operator", "mcp-servers-namespace"]],
        ["gateway", "Gateway", ["mcp-runtime-default-deny", "mcp-runtime-allow-gateway", "operator-definition"]],
        ["everything", "ImagePush", ["registry-deployment", "registry-service", "registry-users"]],
        ["servers", "McpServers", ["operator-deployment", "gateway-deployment", "gateway-service", "everything-command"]],
    ])("%s waits for what it needs", (name, type, needed) => {
        expect(named(name, type).dependencies.map(nameOf)).toEqual(expect.arrayContaining(needed));
    });

    test("a Deployment waits for its rights, and its Service for it", () => {
        expect(named("edge-deployment").dependencies.map(nameOf)).toEqual(
            expect.arrayContaining(["edge-account", "edge-binding-mcp-runtime", "edge-cluster-binding", "edge-class"]),
        );
        expect(named("gateway-service").dependencies.map(nameOf)).toContain("gateway-deployment");
    });

    test("custom resources and definitions are awaited", () => {
        const annotations = { "operator-definition": "condition=Established", "servers-everything": "condition=Ready" };
        for (const [name, condition] of Object.entries(annotations)) {
            expect(at(named(name).inputs, "metadata", "annotations", "pulumi.com/waitFor")).toBe(condition);
        }
    });
});

describe("secrets", () => {
    const SECRET_VALUES = ["generated-password", "$2b$10$generated-hash", "generated-key"];

    /** Paths at which a secret value is in clear. */
    function leaks(value: unknown, path = ""): string[] {
        if (isSecret(value)) return [];
        if (typeof value === "string")
            return SECRET_VALUES.some((secret) => value.includes(secret) || value.includes(btoa(secret))) ? [path] : [];
        if (typeof value !== "object" || value === null) return [];
        return Object.entries(value).flatMap(([key, inner]) => leaks(inner, `${path}.${key}`));
    }

    test("no input of any resource holds one in clear", () => {
        expect(run.resources.flatMap(({ name, inputs }) => leaks(inputs, name))).toEqual([]);
        expect(leaks({ stdin: "generated-password" })).toEqual([".stdin"]);
    });

    test("they are where they belong", () => {
        expect(at(named("registry-users").inputs, "stringData", "htpasswd")).toBe(
            "push:$2b$10$generated-hash\npull:$2b$10$generated-hash\n",
        );
        expect(JSON.parse(String(at(named("registry-pull").inputs, "stringData", ".dockerconfigjson")))).toEqual({
            auths: { "registry.local": { username: "pull", password: "generated-password", auth: btoa("pull:generated-password") } },
        });
        expect(isSecret(named("everything-command").inputs["stdin"])).toBe(true);
        expect(
            isSecret((named("certificate-secret").inputs["stringData"] as Properties)["tls.key"]) ||
                isSecret(named("certificate-secret").inputs["stringData"]),
        ).toBe(true);
    });

    test("the push reads its password from standard input and prints nothing but its progress", () => {
        const { inputs } = named("everything-command");
        expect(reveal(inputs)).toMatchObject({
            create: "node bin/run.mjs images push examples/everything:2026.8.31 --to 127.0.0.1:32000 --username push --password-stdin",
            stdin: "generated-password",
            logging: "stderr",
            addPreviousOutputInEnv: false,
            triggers: ["examples/everything:2026.8.31", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"],
        });
        expect(inputs).not.toHaveProperty("environment");
    });

    test("the password is a secret output of the stack, the kubeconfig a path", () => {
        expect(isSecret(run.outputs["registryPassword"])).toBe(true);
        expect(reveal(run.outputs)).toEqual({
            gatewayUrl: "http://mcp.localhost:8080",
            gatewaySecureUrl: "https://mcp.localhost:8443",
            serverUrls: {
                everything: "http://mcp.localhost:8080/everything/mcp",
                "everything-http": "http://mcp.localhost:8080/everything-http/mcp",
            },
            registryAddress: "127.0.0.1:32000",
            registryHost: "registry.local",
            registryUsername: "push",
            registryPassword: "generated-password",
            registryCaCertificate: "",
            kubeconfig: "/var/lib/example/cluster/kubeconfig",
            namespaces: { runtime: "mcp-runtime", servers: "mcp-servers", registry: "registry", edge: "traefik" },
            caCertificate: "generated-authority",
        });
    });
});

interface Rule {
    readonly apiGroups: string[];
    readonly resources: string[];
    readonly verbs: string[];
}

function rules(): (Rule & { readonly name: string })[] {
    const roles = run.resources.filter(({ type }) => /:(Cluster)?Role$/.test(type));
    return roles.flatMap(({ name, inputs }) => (at(inputs, "rules") as Rule[]).map((rule) => ({ name, ...rule })));
}

describe("rights", () => {
    test("no rule has a wildcard, and Secrets are read by the edge alone, in one namespace", () => {
        expect(rules().filter((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs].includes("*"))).toEqual([]);
        expect(
            rules()
                .filter((rule) => rule.resources.includes("secrets"))
                .map(({ name }) => name),
        ).toEqual(["edge-role-mcp-runtime"]);
    });

    test("rights without a namespace are the edge's, and read only", () => {
        expect(rules().filter(({ name }) => name.includes("cluster"))).toEqual([
            { name: "edge-cluster-role", apiGroups: ["networking.k8s.io"], resources: ["ingressclasses"], verbs: ["get", "list", "watch"] },
            { name: "edge-cluster-role", apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
        ]);
    });

    test("tokens are mounted only where the API server is talked to", () => {
        const mounted = run.resources
            .filter(({ type }) => type.endsWith(":Deployment"))
            .filter(({ inputs }) => at(inputs, "spec", "template", "spec", "automountServiceAccountToken") !== false);
        expect(mounted.map(({ name }) => name).toSorted()).toEqual(["edge-deployment", "gateway-deployment", "operator-deployment"]);
        for (const account of run.resources.filter(({ type }) => type.endsWith(":ServiceAccount"))) {
            expect(at(account.inputs, "automountServiceAccountToken")).toBe(false);
        }
    });
});

describe("routes", () => {
    test("the gateway is routed by its host with the certificate, and under any other name of this machine", () => {
        const { inputs } = named("gateway-ingress");
        expect(at(inputs, "spec", "ingressClassName")).toBe("traefik");
        expect((at(inputs, "spec", "rules") as { host?: string }[]).map(({ host }) => host)).toEqual(["mcp.localhost", undefined]);
        expect(at(inputs, "spec", "tls")).toEqual([{ hosts: ["mcp.localhost"], secretName: "edge-certificate" }]);
        expect(at(inputs, "metadata", "annotations")).toBeUndefined();
        const env = at(named("gateway-deployment").inputs, "spec", "template", "spec", "containers", 0, "env") as Properties[];
        expect(env).toContainEqual({ name: "ALLOWED_HOSTS", value: "mcp.localhost,localhost,127.0.0.1" });
    });

    test("node ports are those the machine forwards to", () => {
        const ports = (name: string) =>
            (at(named(name).inputs, "spec", "ports") as { nodePort?: number }[]).map(({ nodePort }) => nodePort);
        expect(ports("edge-service")).toEqual([30080, 30443]);
        expect(ports("registry-service")).toEqual([32000]);
        expect(at(named("gateway-service").inputs, "spec", "type")).toBeUndefined();
    });

    test("the certificate is for the three hosts", () => {
        expect(named("certificate-request").inputs["dnsNames"]).toEqual(["mcp.localhost", "registry.localhost", "platform.localhost"]);
    });
});

describe("servers", () => {
    test("images without a host come from the platform's registry, and each setting reaches the object", () => {
        expect(reveal(named("servers-everything").inputs)).toMatchObject({
            apiVersion: "mcpruntime.org/v1alpha1",
            kind: "MCPServer",
            metadata: { name: "everything", namespace: "mcp-servers" },
            spec: {
                image: "registry.local/examples/everything:2026.8.31",
                transport: "stdio",
                command: ["node", "/app/node_modules/@modelcontextprotocol/server-everything/dist/index.js"],
                args: ["stdio"],
            },
        });
        expect(at(named("servers-everything-http").inputs, "spec")).toEqual({
            image: "registry.local/examples/everything:2026.8.31",
            transport: "streamable-http",
            args: ["streamableHttp"],
            env: [{ name: "PORT", value: "8080" }],
        });
    });
});

/**
 * Everybody there is: a pod of every role with the labels it really has, strangers and impostors, and addresses outside.
 * Written by hand: nothing here is taken from the flow table.
 */
import type { Address, Endpoint, Labels, Pod } from "./evaluator.ts";

const named = (name: string): Labels => ({
    "app.kubernetes.io/name": name,
    "app.kubernetes.io/part-of": "mcp-platform",
    "app.kubernetes.io/managed-by": "pulumi",
});

const operated = (name: string): Labels => ({
    "app.kubernetes.io/name": name,
    "app.kubernetes.io/managed-by": "mcp-operator",
    "mcpruntime.org/server": name,
});

const solver: Labels = { ...named("acme-solver"), "acme.cert-manager.io/http01-solver": "true", "acme.cert-manager.io/http-token": "1" };

/** Pods of the platform: namespace and labels. The server `files` is the one with an allowlist in the scenarios. */
const ROLES = {
    traefik: ["traefik", named("traefik")],
    registry: ["registry", named("registry")],
    operator: ["mcp-runtime", named("mcp-operator")],
    gateway: ["mcp-runtime", named("mcp-gateway")],
    "solver in mcp-runtime": ["mcp-runtime", solver],
    "solver in registry": ["registry", solver],
    "server files": ["mcp-servers", operated("files")],
    "server other": ["mcp-servers", operated("other")],
    // A name is its owner's choice, and no right.
    "server mcp-gateway": ["mcp-servers", operated("mcp-gateway")],
    "cert-manager": ["cert-manager", named("cert-manager")],
    cainjector: ["cert-manager", named("cert-manager-cainjector")],
    webhook: ["cert-manager", named("cert-manager-webhook")],
    "mesh registry": ["mcp-mesh", named("mcp-mesh-registry")],
    postgres: ["mcp-mesh", named("mcp-mesh-postgres")],
    agent: ["mcp-mesh", operated("weather")],
    "another agent": ["mcp-mesh", operated("mcp-mesh-postgres")],
    "third agent": ["mcp-mesh", operated("mcp-mesh-registry")],
} as const satisfies Record<string, readonly [string, Labels]>;

/** Pods of others. */
const OTHERS = {
    dns: ["kube-system", { "k8s-app": "kube-dns" }],
    "beside dns": ["kube-system", { "k8s-app": "metrics-server" }],
    servicelb: [
        "kube-system",
        {
            app: "svclb-traefik-12345678",
            "svccontroller.k3s.cattle.io/svcname": "traefik",
            "svccontroller.k3s.cattle.io/svcnamespace": "traefik",
        },
    ],
    "another service's servicelb": [
        "kube-system",
        { "svccontroller.k3s.cattle.io/svcname": "traefik", "svccontroller.k3s.cattle.io/svcnamespace": "default" },
    ],
    "another balancer": [
        "kube-system",
        { "svccontroller.k3s.cattle.io/svcname": "other", "svccontroller.k3s.cattle.io/svcnamespace": "traefik" },
    ],
    nginx: ["ingress-nginx", { "app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller" }],
    "beside nginx": ["ingress-nginx", { "app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "webhook" }],
    "nginx of others": ["ingress-nginx", { "app.kubernetes.io/name": "other", "app.kubernetes.io/component": "controller" }],
    "pod in default": ["default", { app: "anything" }],
} as const satisfies Record<string, readonly [string, Labels]>;

/** Addresses outside of the network of pods. Ranges for documentation (RFC 5737, RFC 3849) stand for public ones. */
const ADDRESSES = {
    "API server": "203.0.113.10",
    "API server, IPv6": "2001:db8:1::10",
    "beside the API server": "203.0.113.11",
    "beside the API server, IPv6": "2001:db8:1::11",
    "API server on the overlay": "10.42.0.0",
    "beside the overlay": "10.42.0.2",
    node: "192.168.5.11",
    "beside the node": "192.168.5.10",
    "trusted client": "198.51.100.7",
    "trusted client, IPv6": "2001:db8:2::7",
    "beside trusted clients": "198.51.101.7",
    "beside trusted clients, IPv6": "2001:db8:3::7",
    allowed: "192.0.2.200",
    "allowed, IPv6": "2001:db8:a::1",
    "beside allowed": "192.0.2.5",
    "beside allowed, IPv6": "2001:db8:b::1",
    internet: "93.184.216.34",
    "internet, IPv6": "2606:2800:220:1::1",
    "this network": "0.0.0.1",
    "private 10": "10.99.0.1",
    shared: "100.64.0.1",
    loopback: "127.0.0.1",
    metadata: "169.254.169.254",
    "private 172": "172.16.5.5",
    "protocol assignments": "192.0.0.8",
    "private 192": "192.168.1.20",
    "network tests": "198.18.0.1",
    multicast: "224.0.0.251",
    reserved: "255.255.255.255",
    "loopback, IPv6": "::1",
    "metadata behind NAT64": "64:ff9b::a9fe:a9fe",
    "private behind NAT64": "64:ff9b:1::a00:1",
    "metadata inside Teredo": "2001::a9fe:a9fe",
    "metadata inside 6to4": "2002:a9fe:a9fe::1",
    "metadata, IPv6": "fd00:ec2::254",
    "metadata elsewhere, IPv6": "fd20:ce::254",
    "private, IPv6": "fd00:1::1",
    "link-local, IPv6": "fe80::1",
    "site-local, IPv6": "fec0::1",
    "multicast, IPv6": "ff02::1",
} as const satisfies Record<string, string>;

const NAMESPACES = ["mcp-runtime", "mcp-servers", "registry", "traefik", "cert-manager", "mcp-mesh"] as const;

let last = 0;
const pod = (namespace: string, labels: Labels): Pod => {
    last += 1;
    return { namespace, labels, ip: `10.244.${last >> 8}.${last & 255}` };
};

const podsOf = (table: Readonly<Record<string, readonly [string, Labels]>>): [string, Pod][] =>
    Object.entries(table).map(([name, [namespace, labels]]) => [name, pod(namespace, labels)]);

const roles = podsOf(ROLES);
const others = podsOf(OTHERS);
const strangers = [
    ...NAMESPACES.map((namespace): [string, Pod] => [`stranger in ${namespace}`, pod(namespace, { app: "stranger" })]),
    // Not the operator's, whatever server it claims to be of.
    ["stranger of a server", pod("mcp-servers", { "mcpruntime.org/server": "files" })] as [string, Pod],
    ["stranger of ours", pod("mcp-mesh", named("anything"))] as [string, Pod],
];
/** Whoever may make pods in a namespace of its own may give them any labels. */
const impostors = [...roles, ...others]
    .filter(([name]) => name !== "pod in default")
    .map(([name, { labels }]): [string, Pod] => [`impostor of ${name}`, pod("default", labels)]);
const addresses = Object.entries(ADDRESSES).map(([name, ip]): [string, Address] => [name, { ip }]);

export const EVERYBODY: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
    ...roles,
    ...strangers,
    ...others,
    ...impostors,
    ...addresses,
]);

/** Everybody outside of some of the platform's namespaces. */
export function outsideOf(namespaces: readonly string[]): string[] {
    return [...EVERYBODY].filter(([, end]) => !("namespace" in end && namespaces.includes(end.namespace))).map(([name]) => name);
}

/** Random settings that are valid, as fast-check makes them, and the configuration a program gets of them. */
import * as fc from "fast-check";
import type { z } from "zod";
import { RELEASES } from "../../stacks/releases.ts";
import type { settingsSchema } from "../../infra/settings.ts";

/** Settings as a stack's file has them: what has a default may be left out. */
export type GivenSettings = z.input<typeof settingsSchema>;

type Topology = NonNullable<GivenSettings["topology"]>;
type Given<Kind extends Topology["kind"]> = Extract<Topology, { kind: Kind }>;

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

const label = fc.stringMatching(/^[a-z]([-a-z0-9]{0,8}[a-z0-9])?$/);
/** Host names that are neither of the internet nor special in any way. */
const publicDomain = fc.tuple(label, fc.constantFrom("com", "org", "io", "dev", "co.uk")).map((parts) => `x-${parts.join(".")}`);
/** Names of a network of one's own; of those, production wants some that lead further than one machine. */
const privateDomain = (strict: boolean) =>
    fc
        .tuple(label, fc.constantFrom("internal", "corp", ...(strict ? [] : ["localhost", "test", "local"])))
        .map((parts) => `x-${parts.join(".")}`);
const cidr = fc.tuple(fc.integer({ min: 11, max: 99 }), fc.nat(255)).map(([a, b]) => `${a}.${b}.0.0/16`);
const v6 = fc.integer({ min: 0, max: 0xffff }).map((group) => `2a00:${group.toString(16)}::/32`);
const range = fc.oneof(cidr, v6);
const size = fc.tuple(fc.integer({ min: 1, max: 500 }), fc.constantFrom("Mi", "Gi", "Ti")).map((parts) => parts.join(""));
const email = label.map((name) => `${name}@example.com`);
const image = label.map((name) => `registry.example.com/${name}:1.0.0@${DIGEST}`);
/** Ports of which no two are the same. */
const ports = (count: number) => fc.uniqueArray(fc.integer({ min: 1024, max: 65535 }), { minLength: count, maxLength: count });

/** Fields that may be left out. */
const some = <Fields extends object>(fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> }) =>
    fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<Fields>>;

const published = ports(4).map(([apiPort = 1, gatewayPort = 2, gatewayTlsPort = 3, registryPort = 4]) => ({
    apiPort,
    gatewayPort,
    gatewayTlsPort,
    registryPort,
}));

const embedded: fc.Arbitrary<Given<"embedded">> = published.map((all) => ({ kind: "embedded", ...all }));

const kind: fc.Arbitrary<Given<"kind">> = fc
    .record({ all: published, name: label, provider: fc.constantFrom("docker", "podman"), workers: fc.nat(3) })
    .map(({ all: { gatewayPort, gatewayTlsPort }, ...rest }) => ({ kind: "kind", gatewayPort, gatewayTlsPort, ...rest }));

const minikube: fc.Arbitrary<Given<"minikube">> = fc
    .record({ all: published, profile: label, driver: fc.constantFrom("docker", "podman", "kvm2", "virtualbox") })
    .map(({ all: { apiPort: _apiPort, ...all }, ...rest }) => ({ kind: "minikube", ...all, ...rest }));

const k3s: fc.Arbitrary<Given<"k3s">> = fc
    .record({
        servers: fc.constantFrom(1, 3, 5),
        ingress: fc.integer({ min: 1, max: 3 }),
        workers: fc.nat(4),
        architecture: fc.constantFrom("amd64" as const, "arm64" as const),
        isPublic: fc.boolean(),
        apiEndpoint: fc.option(fc.constantFrom("api.example.com", "192.0.2.250"), { nil: undefined }),
    })
    .map(({ servers, ingress, workers, architecture, isPublic, apiEndpoint }) => {
        const roles = [
            ...Array.from({ length: servers }, () => "server" as const),
            ...Array.from({ length: ingress }, () => "ingress" as const),
            ...Array.from({ length: workers }, () => "worker" as const),
        ];
        const nodes = roles.map((role, index) => ({
            name: `node-${index}`,
            role,
            address: `192.0.2.${index + 1}`,
            ...(role === "ingress" && isPublic ? { publicAddress: `203.0.113.${index + 1}` } : {}),
            architecture,
        }));
        return { kind: "k3s", nodes, ...(apiEndpoint === undefined ? {} : { apiEndpoint }) };
    });

const existing: fc.Arbitrary<Given<"existing">> = fc
    .record({
        distribution: fc.constantFrom("kubeadm", "docker-desktop", "k3s", "generic"),
        context: label,
        edge: fc.oneof(
            fc.constant({ kind: "loadBalancer" as const }),
            fc.constant({ kind: "nodePort" as const, http: 30080, https: 30443 }),
        ),
    })
    .map((rest) => ({
        kind: "existing",
        server: "https://192.0.2.10:6443",
        apiServer: { addresses: ["192.0.2.10/32"], port: 6443 },
        ...rest,
    }));

const topology: fc.Arbitrary<Topology> = fc.oneof(embedded, kind, minikube, k3s, existing);

/** Whether Let's Encrypt reaches port 80 of the hosts without help. */
function reached(place: Topology): boolean {
    return place.kind === "k3s" || (place.kind === "existing" && place.edge?.kind !== "nodePort");
}

const frontDoor: fc.Arbitrary<NonNullable<GivenSettings["frontDoor"]>> = fc.oneof(
    fc.constant({ mode: "direct" as const }),
    fc.record({ mode: fc.constant("proxy" as const), trustedRanges: fc.array(range, { minLength: 1, maxLength: 3 }) }),
    fc.record({ mode: fc.constant("internal-lb" as const), trustedRanges: fc.array(range, { maxLength: 3 }) }),
);

type Tls = NonNullable<GivenSettings["tls"]>;

function tls(place: Topology, door: NonNullable<GivenSettings["frontDoor"]>, strict: boolean, isPublic: boolean): fc.Arbitrary<Tls> {
    const names = fc.record({ mcp: label, registry: label, platform: label });
    const always: fc.Arbitrary<Tls>[] = [
        label.map((clusterIssuer): Tls => ({ mode: "issuer", clusterIssuer: `ca-x${clusterIssuer.replaceAll("-", "")}` })),
        names.map((secrets): Tls => ({ mode: "secrets", secrets })),
        ...(strict && isPublic ? [] : [fc.constant<Tls>({ mode: "internal" })]),
        fc.constant<Tls>({ mode: "acme", email: "ops@example.com", directory: "https://acme.ca.internal/directory" }),
    ];
    const acme = fc
        .record({
            email,
            directory: strict ? fc.constant("production") : fc.constantFrom("production", "staging"),
            certManager: fc.constantFrom("install", "existing"),
        })
        .map((rest): Tls => ({ mode: "acme", ...rest }));
    const possible = isPublic && (door.mode === "proxy" || (door.mode === "direct" && reached(place)));
    return fc.oneof(...always, ...(possible ? [acme] : []));
}

type RegistryGiven = NonNullable<GivenSettings["registry"]>;

function registry(place: Topology, strict: boolean): fc.Arbitrary<RegistryGiven> {
    const external = fc.record({ prefix: fc.option(label), login: fc.boolean() }).map(({ prefix, login }): RegistryGiven => ({
        mode: "external",
        url: `images.example.com${prefix === null ? "" : `/x${prefix.replaceAll("-", "")}`}`,
        ...(login ? { username: "platform", password: "a password" } : {}),
    }));
    const told = place.kind !== "embedded" && place.kind !== "kind";
    return fc.oneof(
        ...(told ? [fc.constant<RegistryGiven>({ mode: "bundled-https" })] : []),
        external,
        ...(strict ? [] : [fc.constant<RegistryGiven>({ mode: "bundled-http" })]),
        ...(strict || place.kind !== "kind" ? [] : [fc.constant<RegistryGiven>({ mode: "kind-container", port: 1000 })]),
    );
}

type Ingress = NonNullable<GivenSettings["ingress"]>;

function ingress(place: Topology): fc.Arbitrary<Ingress> {
    const packaged = place.kind === "k3s" || (place.kind === "existing" && place.distribution === "k3s" && place.edge?.kind !== "nodePort");
    const others = place.kind !== "embedded" && place.kind !== "kind";
    const existingController: Ingress = {
        owner: "existing",
        class: "nginx",
        namespace: "ingress-nginx",
        podLabels: { "app.kubernetes.io/name": "ingress-nginx" },
    };
    return fc.constantFrom<Ingress>(
        { owner: "platform" },
        ...(packaged ? [{ owner: "packaged" as const }] : []),
        ...(others ? [existingController] : []),
    );
}

type Storage = NonNullable<GivenSettings["storage"]>;

function storage(place: Topology, strict: boolean): fc.Arbitrary<Storage> {
    const sizes = some({ registry: size, mesh: size });
    const node = place.kind === "k3s" ? "node-0" : place.kind === "kind" ? `${place.name}-control-plane` : "any-node";
    return fc.oneof(
        sizes.map((given): Storage => ({ mode: "class", ...given })),
        ...(strict ? [] : [sizes.map((given): Storage => ({ mode: "hostPath", path: "/var/lib/mcp-platform", node, ...given }))]),
    );
}

const login = fc.constantFrom<NonNullable<GivenSettings["login"]>>(
    { provider: "google", clientId: "123-abc.apps.googleusercontent.com" },
    { provider: "oidc", issuer: "https://login.example.com", audience: "mcp", jwksUrl: "https://login.example.com/keys" },
);

type Server = NonNullable<GivenSettings["servers"]>[string];

/** Public ranges that no node and no API server of the topologies above is in. */
const egress = fc.array(fc.record({ cidr: range, ports: fc.array(fc.integer({ min: 1, max: 65535 }), { minLength: 1, maxLength: 3 }) }), {
    maxLength: 2,
});

const servers = (packages: boolean): fc.Arbitrary<Record<string, Server>> => {
    const common = some({
        args: fc.array(fc.string(), { maxLength: 2 }),
        replicas: fc.nat(3),
        egress,
        env: fc.constant({ LEVEL: "info" }),
    });
    const http = fc.record({ image, common }).map(({ image, common }): Server => ({ image, transport: "streamable-http", ...common }));
    const stdio = fc
        .record({ image, common })
        .map(({ image, common }): Server => ({ image, transport: "stdio", command: ["node"], ...common }));
    const npm = common.map((rest): Server => ({ package: { name: "@example/server", version: "1.0.0" }, transport: "stdio", ...rest }));
    return fc.dictionary(label, fc.oneof(http, stdio, ...(packages ? [npm] : [])), { maxKeys: 3 });
};

function rest(place: Topology, door: NonNullable<GivenSettings["frontDoor"]>, strict: boolean, isPublic: boolean, isOpen: boolean) {
    const unrecorded = Object.entries(RELEASES).filter(([, { digests }]) => Object.values(digests).includes(undefined));
    const images = Object.fromEntries(unrecorded.map(([name, { repository, version }]) => [name, `${repository}:${version}@${DIGEST}`]));
    return fc.boolean().chain((packages) =>
        fc.record({
            domain: isPublic ? publicDomain : privateDomain(strict),
            platformMode: isOpen ? fc.constant("public" as const) : fc.constantFrom("tenant" as const, "org" as const),
            strictProd: fc.constant(strict),
            topology: fc.constant(place),
            frontDoor: fc.constant(door),
            tls: tls(place, door, strict, isPublic),
            registry: registry(place, strict),
            ingress: ingress(place),
            storage: storage(place, strict),
            resourceProfile: fc.constantFrom("light" as const, "standard" as const),
            admins: fc.uniqueArray(email, { minLength: strict ? 1 : 0, maxLength: 3 }),
            ...(isOpen ? { login } : {}),
            mesh: fc.constantFrom({ mode: "off" as const }, { mode: "bundled" as const }),
            images: strict ? fc.constant(images) : fc.constant({}),
            ...(packages ? { npmRegistry: fc.constant("https://npm.example.com/") } : {}),
            servers: servers(packages),
        }),
    );
}

/** Settings that are valid, of every topology and mode. The password of an external registry counts as encrypted. */
export const validSettings: fc.Arbitrary<GivenSettings> = fc
    .record({ place: topology, door: frontDoor, strict: fc.boolean(), isPublic: fc.boolean(), isOpen: fc.boolean() })
    .chain(({ place, door, strict, isPublic, isOpen }) => rest(place, door, strict, isPublic, isOpen));

/** What an engine hands to the program of such settings. */
export function configurationOf(settings: object): Record<string, string> {
    return Object.fromEntries(
        Object.entries(settings).map(([key, value]) => [`mcp-platform:${key}`, typeof value === "string" ? value : JSON.stringify(value)]),
    );
}

/** The keys of such settings that have an encrypted value in them. */
export const secretKeysOf = ({ registry }: GivenSettings): string[] =>
    registry?.mode === "external" && registry.password !== undefined ? ["mcp-platform:registry"] : [];

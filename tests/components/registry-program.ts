/** Programs of the registry alone and of the mesh alone, in every way that settings can ask for. */
import { INTERNAL_SECRET } from "../../components/certificates/hosts.ts";
import { Mesh } from "../../components/mesh/mesh.ts";
import type { RegistryMode } from "../../components/registry/configuration.ts";
import { ExternalRegistry } from "../../components/registry/external.ts";
import { Registry } from "../../components/registry/registry.ts";
import { RegistryRoute } from "../../components/registry/route.ts";
import { RESOURCE_PROFILES } from "../../components/workloads/resources.ts";
import type { VolumePlace } from "../../components/workloads/volume.ts";
import { runProgram, type ProgramRun, type Registered } from "../program/run.ts";

export interface RegistryChoices {
    readonly mode: RegistryMode | "external";
    readonly place?: VolumePlace;
    readonly protect?: boolean;
    /** Whose ingress controller the public host leads to. Default: there is no route. */
    readonly route?: "traefik" | "other";
    /** Annotations of the route. */
    readonly annotations?: Readonly<Record<string, string>>;
    /** Whether the route waits for an address. Default true. */
    readonly awaitAddress?: boolean;
}

export const HOST = "registry.example.com";
const PASSWORD = "a-password-from-settings";

function registryProgram(choices: RegistryChoices): object {
    const { mode, place = { mode: "class" }, protect = false, route, annotations = {} } = choices;
    if (mode === "external") {
        const args = { host: `${HOST}/team`, pullNamespace: "mcp-servers", username: "robot", password: PASSWORD };
        return { pullSecret: new ExternalRegistry("registry", args).pullSecret };
    }
    const registry = new Registry("registry", {
        mode,
        namespace: "registry",
        pullNamespace: "mcp-servers",
        image: "docker.io/library/registry:3.0.0",
        host: "registry.local",
        publicHost: HOST,
        nodePort: 32000,
        storage: "20Gi",
        place,
        protect,
        resources: RESOURCE_PROFILES.light.registry,
    });
    const routes = [];
    if (route && registry.authoritySecret) {
        const made = new RegistryRoute(
            "registry-route",
            {
                namespace: { name: "registry", namespace: "registry" },
                host: HOST,
                service: registry.service,
                authoritySecret: registry.authoritySecret,
                ingressClass: "traefik",
                certificate: INTERNAL_SECRET,
                controller: route,
                awaitAddress: choices.awaitAddress ?? true,
                annotations,
            },
            { dependsOn: registry },
        );
        routes.push(made.urn);
    }
    return { pullSecret: registry.pullSecret, authority: registry.authority ?? "", routes };
}

export const runRegistry = (choices: RegistryChoices, mode: "words" | "certificates" | "preview" = "words"): Promise<ProgramRun> =>
    runProgram({}, mode, () => registryProgram(choices));

export interface MeshChoices {
    readonly replicas?: number;
    readonly place?: VolumePlace;
    readonly protect?: boolean;
}

export function runMesh(
    { replicas = 1, place = { mode: "class" }, protect = false }: MeshChoices = {},
    mode: "words" | "preview" = "words",
): Promise<ProgramRun> {
    const resources = RESOURCE_PROFILES.light;
    return runProgram({}, mode, () => {
        const mesh = new Mesh("mesh", {
            namespace: "mcp-mesh",
            images: { registry: "docker.io/mcpmesh/registry:3.6.0", postgres: "docker.io/library/postgres:17.6" },
            resources: { registry: resources["mcp-mesh-registry"], postgres: resources["mcp-mesh-postgres"] },
            replicas,
            storage: "10Gi",
            place,
            protect,
        });
        return { agentConfiguration: mesh.agentConfiguration };
    });
}

/** Type and name of every resource that is no component. */
export function resourcesOf({ resources }: ProgramRun): string[] {
    return resources
        .filter(({ custom }) => custom)
        .map(({ type, name }) => `${type.split(":").at(-1) ?? type} ${name}`)
        .toSorted();
}

/** The one resource of a name. */
export function named({ resources }: ProgramRun, name: string): Registered {
    const [found, ...more] = resources.filter((resource) => resource.name === name);
    if (!found || more.length) throw new Error(`${more.length + (found ? 1 : 0)} resources are called ${name}`);
    return found;
}

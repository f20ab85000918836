import { Mesh } from "../components/mesh/mesh.ts";
import { REPLICA_PROFILES } from "../components/workloads/resources.ts";
import type { Parts } from "./parts.ts";
import { placeOf } from "./registry.ts";

/** Makes the registry of mesh agents with its database, where the settings ask for it. */
export function createMesh(parts: Parts): void {
    const { settings, topology, namespaces, resources, after } = parts;
    if (!namespaces.mesh) return;
    const { meshRegistry, postgres } = topology.images;
    new Mesh(
        "mesh",
        {
            namespace: namespaces.mesh.name,
            images: { registry: meshRegistry, postgres },
            resources: { registry: resources["mcp-mesh-registry"], postgres: resources["mcp-mesh-postgres"] },
            replicas: REPLICA_PROFILES[settings.resourceProfile]["mcp-mesh-registry"],
            storage: settings.storage.mesh,
            place: placeOf(parts),
            protect: settings.strictProd,
        },
        after(namespaces.mesh),
    );
}

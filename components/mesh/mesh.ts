/** The mesh: the registry through which agents find each other, with its database. Agents themselves are the operator's. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { deploymentArgs } from "../workloads/deployment.ts";
import { createDisruptionBudget } from "../workloads/disruption.ts";
import { createIdentity } from "../workloads/identity.ts";
import { labelsOf } from "../workloads/labels.ts";
import type { Resources } from "../workloads/resources.ts";
import type { VolumePlace } from "../workloads/volume.ts";
import { MeshDatabase } from "./database.ts";
import { AGENT_CONFIGURATION, MESH_REGISTRY } from "./names.ts";
import { agentConfiguration, meshRegistryWorkload } from "./workloads.ts";

export interface MeshArgs {
    /** The namespace of registry, database and agents. */
    readonly namespace: pulumi.Input<string>;
    readonly images: { readonly registry: string; readonly postgres: string };
    readonly resources: { readonly registry: Resources; readonly postgres: Resources };
    /** Pods of the registry. They keep nothing themselves, so that there may be as many as nodes. */
    readonly replicas: number;
    /** Size of the database's volume, as a Kubernetes quantity. */
    readonly storage: string;
    readonly place: VolumePlace;
    /** Whether the database's volume and password are protected from being deleted. */
    readonly protect: boolean;
}

/** The mesh's registry on a Postgres of its own, and what agents have to know of it. */
export class Mesh extends pulumi.ComponentResource {
    /** Name of the ConfigMap that agents take their environment from, once there is a registry to find. */
    readonly agentConfiguration: pulumi.Output<string>;

    constructor(name: string, args: MeshArgs, opts?: pulumi.ComponentResourceOptions) {
        const { namespace, images, resources, replicas, storage, place, protect } = args;
        super("mcp:mesh:Mesh", name, { images, replicas, storage, place }, opts);
        const workload = MESH_REGISTRY.name;
        const metadata = { name: workload, namespace, labels: labelsOf(workload) };

        const database = new MeshDatabase(
            `${name}-postgres`,
            { namespace, image: images.postgres, resources: resources.postgres, storage, place, protect },
            { parent: this },
        );
        const identity = createIdentity(`${name}-registry`, { workload, namespace }, this);
        const registry = meshRegistryWorkload({
            namespace,
            image: images.registry,
            resources: resources.registry,
            replicas,
            secret: database.secret,
        });
        const deployment = new kubernetes.apps.v1.Deployment(`${name}-registry-deployment`, deploymentArgs(registry), {
            parent: this,
            dependsOn: [...identity, database],
        });
        createDisruptionBudget(`${name}-registry`, registry, this);
        const service = new kubernetes.core.v1.Service(
            `${name}-registry-service`,
            {
                metadata,
                spec: {
                    selector: labelsOf(workload), // nobody else's pod of that name
                    ports: [{ name: "http", port: MESH_REGISTRY.port, targetPort: "http", protocol: "TCP" }],
                },
            },
            { parent: this, dependsOn: deployment },
        );
        const agents = new kubernetes.core.v1.ConfigMap(
            `${name}-agent-configuration`,
            { metadata: { ...metadata, name: AGENT_CONFIGURATION }, data: agentConfiguration() },
            { parent: this, dependsOn: service },
        );
        this.agentConfiguration = agents.metadata.name;
        this.registerOutputs({ agentConfiguration: this.agentConfiguration });
    }
}

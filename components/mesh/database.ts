import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { createIdentity } from "../workloads/identity.ts";
import { labelsOf } from "../workloads/labels.ts";
import type { Resources } from "../workloads/resources.ts";
import { statefulSetArgs } from "../workloads/stateful-set.ts";
import { createVolume, type VolumePlace } from "../workloads/volume.ts";
import { MESH_DATABASE } from "./names.ts";
import { databaseUrl, DATABASE_KEYS, postgresWorkload } from "./workloads.ts";

export interface MeshDatabaseArgs {
    readonly namespace: pulumi.Input<string>;
    readonly image: string;
    readonly resources: Resources;
    /** Size of the volume, as a Kubernetes quantity. */
    readonly storage: string;
    readonly place: VolumePlace;
    /** Whether the volume and the password, which is only good with it, are protected from being deleted. */
    readonly protect: boolean;
}

/** One Postgres with a volume and a password of its own. */
export class MeshDatabase extends pulumi.ComponentResource {
    /** Name of the Secret with the database's password and URL. */
    readonly secret: pulumi.Output<string>;

    constructor(name: string, args: MeshDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
        const { namespace, image, resources, storage, place, protect } = args;
        super("mcp:mesh:MeshDatabase", name, { image, storage, place }, opts);
        const workload = MESH_DATABASE.name;
        const metadata = { name: workload, namespace, labels: labelsOf(workload) };

        // Letters and digits alone need no escape in a URL.
        const password = new random.RandomPassword(`${name}-password`, { length: 40, special: false }, { parent: this, protect });
        const secret = new kubernetes.core.v1.Secret(
            `${name}-secret`,
            {
                metadata,
                stringData: {
                    [DATABASE_KEYS.password]: pulumi.secret(password.result),
                    [DATABASE_KEYS.url]: pulumi.secret(password.result.apply(databaseUrl)),
                },
            },
            { parent: this },
        );
        const claim = createVolume(name, { workload, namespace, size: storage, place, protect }, this);
        const identity = createIdentity(name, { workload, namespace }, this);
        const sources = { secret: secret.metadata.name, claim: claim.metadata.name };
        const database = new kubernetes.apps.v1.StatefulSet(
            `${name}-stateful-set`,
            statefulSetArgs(postgresWorkload({ namespace, image, resources, ...sources })),
            { parent: this, dependsOn: identity },
        );
        new kubernetes.core.v1.Service(
            `${name}-service`,
            {
                metadata,
                spec: {
                    clusterIP: "None",
                    selector: labelsOf(workload), // nobody else's pod of that name
                    ports: [{ name: "postgres", port: MESH_DATABASE.port, targetPort: "postgres", protocol: "TCP" }],
                },
            },
            { parent: this, dependsOn: database },
        );
        this.secret = secret.metadata.name;
        this.registerOutputs({ secret: this.secret });
    }
}

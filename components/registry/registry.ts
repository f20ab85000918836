/** The platform's image registry: CNCF Distribution 3 with users of its own. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { createIdentity } from "../workloads/identity.ts";
import { deploymentArgs } from "../workloads/deployment.ts";
import { labelsOf, selectorOf } from "../workloads/labels.ts";
import type { Resources } from "../workloads/resources.ts";
import { configurationHash, REGISTRY_PATHS, REGISTRY_PORT, registryConfiguration } from "./configuration.ts";
import { createUser, dockerConfig, htpasswd, type RegistryUser } from "./credentials.ts";

const NAME = "registry";

export interface RegistryArgs {
    readonly namespace: pulumi.Input<string>;
    /** Where the pull secret is made: the namespace of the pods whose images are in the registry. */
    readonly pullNamespace: pulumi.Input<string>;
    readonly image: string;
    /** The host in image references, by which nodes know the registry. */
    readonly host: string;
    /** Port on every node at which nodes pull. */
    readonly nodePort: number;
    /** Size of the volume, as a Kubernetes quantity. */
    readonly storage: string;
    /** Absent: the cluster's default. */
    readonly storageClass?: string | undefined;
    readonly resources: Resources;
}

/** Registry with a persistent volume, a NodePort, and separate users for pushing and pulling. */
export class Registry extends pulumi.ComponentResource {
    /** The user that people and the program push with. */
    readonly push: RegistryUser;
    /** Name of the Secret that pods pull with, in `pullNamespace`. */
    readonly pullSecret: pulumi.Output<string>;
    /** Changes when the volume is another one, and with it all images are gone. */
    readonly volume: pulumi.Output<string>;

    constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
        const { host, image, nodePort, storage, storageClass } = args;
        super("mcp:registry:Registry", name, { host, image, nodePort, storage, storageClass: storageClass ?? "" }, opts);
        const child = { parent: this };
        const metadata = { name: NAME, namespace: args.namespace, labels: labelsOf(NAME) };

        this.push = createUser(name, "push", this);
        const pull = createUser(name, "pull", this);
        const httpSecret = new random.RandomPassword(`${name}-http-secret`, { length: 40, special: false }, child);
        const users = new kubernetes.core.v1.Secret(
            `${name}-users`,
            {
                metadata: { ...metadata, name: "registry-users" },
                stringData: { htpasswd: htpasswd([this.push, pull]), "http-secret": pulumi.secret(httpSecret.result) },
            },
            child,
        );
        const pullSecret = new kubernetes.core.v1.Secret(
            `${name}-pull`,
            {
                metadata: { name: "registry-pull", namespace: args.pullNamespace, labels: labelsOf(NAME) },
                type: "kubernetes.io/dockerconfigjson",
                stringData: { ".dockerconfigjson": dockerConfig(host, pull) },
            },
            child,
        );
        this.pullSecret = pullSecret.metadata.name;

        const configuration = registryConfiguration();
        const settings = new kubernetes.core.v1.ConfigMap(
            `${name}-configuration`,
            { metadata, data: { "config.yml": configuration } },
            child,
        );
        const claim = new kubernetes.core.v1.PersistentVolumeClaim(
            `${name}-storage`,
            {
                metadata,
                spec: {
                    accessModes: ["ReadWriteOnce"],
                    ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
                    resources: { requests: { storage } },
                },
            },
            child,
        );
        this.volume = claim.metadata.uid;
        const identity = createIdentity(name, { workload: NAME, namespace: args.namespace }, this);
        const deployment = new kubernetes.apps.v1.Deployment(
            `${name}-deployment`,
            deploymentArgs({
                name: NAME,
                namespace: args.namespace,
                image,
                args: ["serve", `${REGISTRY_PATHS.configuration}/config.yml`],
                env: [
                    { name: "REGISTRY_HTTP_SECRET", valueFrom: { secretKeyRef: { name: users.metadata.name, key: "http-secret" } } },
                    { name: "OTEL_TRACES_EXPORTER", value: "none" },
                ],
                ports: { registry: REGISTRY_PORT },
                // The root answers without a user; /v2/ does not.
                readiness: { port: "registry", path: "/" },
                liveness: { port: "registry", path: "/" },
                resources: args.resources,
                strategy: "Recreate",
                configuration: configurationHash(configuration),
                volumes: [
                    {
                        name: "configuration",
                        mountPath: REGISTRY_PATHS.configuration,
                        source: { configMap: { name: settings.metadata.name } },
                    },
                    {
                        name: "users",
                        mountPath: REGISTRY_PATHS.users,
                        source: { secret: { secretName: users.metadata.name, items: [{ key: "htpasswd", path: "htpasswd" }] } },
                    },
                    {
                        name: "storage",
                        mountPath: REGISTRY_PATHS.storage,
                        writable: true,
                        source: { persistentVolumeClaim: { claimName: claim.metadata.name } },
                    },
                ],
            }),
            { parent: this, dependsOn: identity },
        );
        new kubernetes.core.v1.Service(
            `${name}-service`,
            {
                metadata,
                spec: {
                    type: "NodePort",
                    selector: selectorOf(NAME),
                    ports: [{ name: NAME, port: REGISTRY_PORT, targetPort: NAME, nodePort, protocol: "TCP" }],
                },
            },
            { parent: this, dependsOn: deployment },
        );
        this.registerOutputs({ pullSecret: this.pullSecret });
    }
}

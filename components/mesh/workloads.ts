import type * as pulumi from "@pulumi/pulumi";
import type { Workload } from "../workloads/pod.ts";
import type { Resources } from "../workloads/resources.ts";
import { MESH_DATABASE, MESH_REGISTRY } from "./names.ts";

/** Keys of the Secret with the database's password. */
export const DATABASE_KEYS = { password: "password", url: "url" } as const;

/** The user `postgres` of the official image: initdb wants a user that the image knows. */
const POSTGRES_USER = 999;

const DATA = "/var/lib/postgresql/data";
const PASSWORD = "/etc/postgres";

export interface Placed {
    readonly namespace: pulumi.Input<string>;
    readonly image: string;
    readonly resources: Resources;
    /** Name of the Secret with the database's password and URL. */
    readonly secret: pulumi.Input<string>;
}

/** What agents read: the seed names of the mesh, and the address that their runtimes ask for. */
export function agentConfiguration(): Record<string, string> {
    const { name, port } = MESH_REGISTRY;
    return { REGISTRY_HOST: name, REGISTRY_PORT: String(port), MCP_MESH_REGISTRY_URL: `http://${name}:${port}` };
}

/**
 * Where the mesh's registry finds its database. Its driver asks for TLS unless told not to; what keeps others from the
 * connection is the NetworkPolicy between the two.
 */
export function databaseUrl(password: string): string {
    const { name, port, user, database } = MESH_DATABASE;
    return `postgres://${user}:${password}@${name}:${port}/${database}?sslmode=disable`;
}

/** Postgres as its official image wants it: https://hub.docker.com/_/postgres */
export function postgresWorkload({ namespace, image, resources, secret, claim }: Placed & { claim: pulumi.Input<string> }): Workload {
    const { name, port, user, database } = MESH_DATABASE;
    return {
        name,
        namespace,
        image,
        user: POSTGRES_USER,
        args: ["postgres"],
        env: [
            { name: "POSTGRES_USER", value: user },
            { name: "POSTGRES_DB", value: database },
            { name: "POSTGRES_PASSWORD_FILE", value: `${PASSWORD}/${DATABASE_KEYS.password}` },
            // The root of a volume may have a lost+found in it, and belongs to root.
            { name: "PGDATA", value: `${DATA}/pgdata` },
            // Inside the container too nobody is believed without a password.
            { name: "POSTGRES_INITDB_ARGS", value: "--auth=scram-sha-256 --data-checksums" },
            { name: "POSTGRES_HOST_AUTH_METHOD", value: "scram-sha-256" },
        ],
        ports: { postgres: port },
        // Over TCP: while the image makes the database, it listens on a socket alone.
        readiness: {
            command: ["pg_isready", "--quiet", "--host=127.0.0.1", `--port=${port}`, `--username=${user}`, `--dbname=${database}`],
        },
        // It listens while it recovers, and must not be killed then.
        liveness: { tcp: "postgres" },
        startSeconds: 300,
        graceSeconds: 60,
        resources,
        volumes: [
            { name: "data", mountPath: DATA, writable: true, source: { persistentVolumeClaim: { claimName: claim } } },
            {
                name: "password",
                mountPath: PASSWORD,
                source: { secret: { secretName: secret, items: [{ key: DATABASE_KEYS.password, path: DATABASE_KEYS.password }] } },
            },
            { name: "run", mountPath: "/var/run/postgresql", writable: true, source: { emptyDir: { sizeLimit: "16Mi" } } },
            { name: "tmp", mountPath: "/tmp", writable: true, source: { emptyDir: { sizeLimit: "64Mi" } } },
        ],
    };
}

/** The mesh's registry: equal pods on one database, with nothing of their own to keep. */
export function meshRegistryWorkload({ namespace, image, resources, secret, replicas }: Placed & { replicas: number }): Workload {
    const { name, port } = MESH_REGISTRY;
    return {
        name,
        namespace,
        image,
        replicas,
        args: [],
        env: [
            { name: "HOST", value: "0.0.0.0" },
            { name: "PORT", value: String(port) },
            // Without it the registry keeps what it knows in a file of its own pod.
            { name: "DATABASE_URL", valueFrom: { secretKeyRef: { name: secret, key: DATABASE_KEYS.url } } },
            { name: "MCP_MESH_LOG_LEVEL", value: "INFO" },
        ],
        ports: { http: port },
        readiness: { port: "http", path: "/health" },
        liveness: { port: "http", path: "/health" },
        resources,
    };
}

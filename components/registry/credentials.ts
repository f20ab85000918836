import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { labelsOf } from "../workloads/labels.ts";

export interface RegistryUser {
    readonly username: "push" | "pull";
    /** Secret. */
    readonly password: pulumi.Output<string>;
    /** bcrypt. Secret. */
    readonly hash: pulumi.Output<string>;
}

/** Makes a user with a password of its own, as a child of `parent`. */
export function createUser(name: string, username: RegistryUser["username"], parent: pulumi.Resource): RegistryUser {
    // Letters and digits alone survive every command line, file and URL.
    const password = new random.RandomPassword(`${name}-${username}-password`, { length: 40, special: false }, { parent });
    return { username, password: pulumi.secret(password.result), hash: pulumi.secret(password.bcryptHash) };
}

/** The file of users in htpasswd's format. Secret. */
export function htpasswd(users: readonly RegistryUser[]): pulumi.Output<string> {
    const lines = users.map(({ username, hash }) => pulumi.interpolate`${username}:${hash}`);
    return pulumi.secret(pulumi.all(lines).apply((all) => `${all.join("\n")}\n`));
}

/** Who pulls, wherever the user comes from. */
type PullUser = { readonly username: string; readonly password: pulumi.Output<string> };

/** A `.dockerconfigjson` for one registry, as kubelets read it from pull secrets. Secret. */
function dockerConfig(host: string, { username, password }: PullUser): pulumi.Output<string> {
    return pulumi.secret(
        password.apply((plain) => {
            const auth = Buffer.from(`${username}:${plain}`).toString("base64");
            return JSON.stringify({ auths: { [host]: { username, password: plain, auth } } });
        }),
    );
}

export interface PullSecretsArgs {
    /** Host of the registry, with a prefix of repositories where the user may read no others. */
    readonly host: string;
    readonly pullNamespace: pulumi.Input<string>;
    readonly ownNamespace?: pulumi.Input<string>;
    readonly user: PullUser;
}

/** Names of the Secrets, in `pullNamespace` and in `ownNamespace`. */
export interface PullSecrets {
    readonly pullSecret: pulumi.Output<string>;
    readonly ownPullSecret: pulumi.Output<string> | undefined;
}

/** Makes the Secrets that pods pull from `host` with, as children of `parent`. */
export function createPullSecrets(
    name: string,
    { host, pullNamespace, ownNamespace, user }: PullSecretsArgs,
    parent: pulumi.Resource,
): PullSecrets {
    const secretIn = (resource: string, namespace: pulumi.Input<string>) =>
        new kubernetes.core.v1.Secret(
            resource,
            {
                metadata: { name: "registry-pull", namespace, labels: labelsOf("registry") },
                type: "kubernetes.io/dockerconfigjson",
                stringData: { ".dockerconfigjson": dockerConfig(host, user) },
            },
            { parent },
        ).metadata.name;
    return {
        pullSecret: secretIn(`${name}-pull`, pullNamespace),
        ownPullSecret: ownNamespace === undefined ? undefined : secretIn(`${name}-own-pull`, ownNamespace),
    };
}

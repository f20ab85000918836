import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

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

/** A `.dockerconfigjson` for one registry, as kubelets read it from pull secrets. Secret. */
export function dockerConfig(host: string, { username, password }: RegistryUser): pulumi.Output<string> {
    return pulumi.secret(
        password.apply((plain) => {
            const auth = Buffer.from(`${username}:${plain}`).toString("base64");
            return JSON.stringify({ auths: { [host]: { username, password: plain, auth } } });
        }),
    );
}

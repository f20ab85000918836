/** Sets up a machine as a program would: a file, a script that reads a secret, and what it answered. */
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config("test");
const connection = config.requireSecretObject<command.types.input.remote.ConnectionArgs>("connection");
const token = config.requireSecret("token");
const version = config.require("version");

const file = new command.remote.CopyToRemote("file", {
    connection,
    source: new pulumi.asset.StringAsset(`version: ${version}\n`),
    remotePath: "etc/node.yaml",
});
const install = new command.remote.Command(
    "install",
    {
        connection,
        create: "cat > token; echo installed >> log; cat etc/node.yaml",
        update: "cat > token; echo updated >> log; cat etc/node.yaml",
        delete: "echo removed >> log",
        stdin: pulumi.jsonStringify({ token, version }),
        addPreviousOutputInEnv: false,
    },
    { dependsOn: file },
);
const leak = new command.remote.Command("leak", { connection, create: "cat", stdin: token }, { dependsOn: install });
const here = command.local.runOutput({ command: "cat", stdin: install.stdout });

export const answer = install.stdout;
export const leaked = leak.stdout;
export const local = here.stdout;

/** Runs a command on a machine that does not end by itself. */
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config("test");
const connection = config.requireSecretObject<command.types.input.remote.ConnectionArgs>("connection");
const slow = new command.remote.Command("slow", { connection, create: `sleep ${config.require("time")}` });
export const answer = new command.remote.Command("after", { connection, create: "echo never" }, { dependsOn: slow }).stdout;

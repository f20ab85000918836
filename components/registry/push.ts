import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { RegistryUser } from "./credentials.ts";

export interface ImagePushArgs {
    /** Repository and tag, without the registry's host. */
    readonly image: string;
    /** The command that pushes `image` and reads the password from its standard input. Contains no secret. */
    readonly command: string;
    /** Folder to run it in. */
    readonly directory: string;
    readonly user: RegistryUser;
    /** Identity of the registry's volume: with another volume the image is pushed again. */
    readonly volume: pulumi.Input<string>;
}

/** Pushes an image that is made from this checkout, again when its reference or the registry's volume changes. */
export class ImagePush extends pulumi.ComponentResource {
    constructor(name: string, args: ImagePushArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:registry:ImagePush", name, { image: args.image }, opts);
        new command.local.Command(
            `${name}-command`,
            {
                create: args.command,
                dir: args.directory,
                stdin: pulumi.secret(args.user.password),
                triggers: [args.image, args.volume],
                logging: "stderr",
                addPreviousOutputInEnv: false,
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

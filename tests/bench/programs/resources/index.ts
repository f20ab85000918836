/** As many resources as the variable BENCH_RESOURCES says, in components of ten. */
/* oxlint-disable no-new -- registering a resource is what its constructor is for */
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** Resources of a component, its own included. */
const GROUP = 10;

class Group extends pulumi.ComponentResource {
    readonly id: pulumi.Output<string>;

    constructor(name: string, members: number) {
        super("bench:index:Group", name);
        const first = new random.RandomId(`${name}-first`, { byteLength: 8 }, { parent: this });
        for (let i = 1; i < members; i++) {
            // The rest waits for the first one, as objects wait for their namespace.
            new random.RandomId(`${name}-${i}`, { byteLength: 8, keepers: { group: name, first: first.hex } }, { parent: this });
        }
        this.id = first.hex;
        this.registerOutputs({ id: this.id });
    }
}

const count = Number(process.env["BENCH_RESOURCES"]);
const groups = Array.from({ length: Math.ceil(count / GROUP) }, (_, i) => new Group(`group-${i}`, Math.min(GROUP, count - i * GROUP) - 1));

export const ids = groups.map(({ id }) => id);

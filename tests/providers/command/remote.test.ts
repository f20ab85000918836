import type { PropertyMap } from "../../../embedded/engine/values.ts";
import { commandProvider } from "../../../embedded/providers/command/index.ts";
import { startSshd, type Sshd } from "../../support/sshd.ts";
import { contextOf, urnOf } from "../shared/operations.ts";

const urn = urnOf("command:remote:Command", "install");
const provider = commandProvider();
let sshd: Sshd;
beforeAll(async () => void (sshd = await startSshd({ config: ["AcceptEnv GREETING PULUMI_COMMAND_STDOUT"] })));
afterAll(async () => {
    await provider.close();
    await sshd.stop();
});

const create = (inputs: PropertyMap, context = contextOf()) => provider.create(urn, { connection: sshd.connection, ...inputs }, context);

test("runs", async () => {
    const context = contextOf();
    const { id, outs } = await create(
        { create: "cat; echo $GREETING; pwd; echo problem >&2", stdin: "hello\n", environment: { GREETING: "world" } },
        context,
    );
    expect(id).toMatch(/^install[0-9a-f]{8}$/);
    expect(outs).toMatchObject({ stdout: `hello\nworld\n${sshd.home}`, stderr: "problem" });
    expect(context.logged.toSorted()).toEqual([`info: ${sshd.home}`, "info: [GREETING]", "info: [stdin]", "info: problem"]);
});

import { commandProvider } from "../../../embedded/providers/command/index.ts";
import { describeWithSshd, startSshd, type Sshd } from "../../support/sshd.ts";
import { homeOf, remoteRows } from "./rows/remote.ts";
import { Lab } from "./support/lab.ts";
import { prove } from "./support/semantics.ts";

const describeReal = await describeWithSshd();

describeReal("command:remote:Command", () => {
    const provider = commandProvider();
    let sshd: Sshd;
    beforeAll(async () => void (sshd = await startSshd({ config: ["AcceptEnv GREETING m PULUMI_COMMAND_STDOUT"] })));
    afterAll(async () => {
        await provider.close();
        await sshd.stop();
    });
    const remote = new Lab(provider, "command:remote:Command", () => ({ connection: sshd.connection }));
    prove(remoteRows(() => ({ sshd, remote, file: homeOf(() => sshd).read })));
});

import { commandProvider } from "../../../embedded/providers/command/index.ts";
import { describeWithSshd, startSshd, type Sshd } from "../../support/sshd.ts";
import { copyRows } from "./rows/copy.ts";
import { Lab } from "./support/lab.ts";
import { prove } from "./support/semantics.ts";

const describeReal = await describeWithSshd();

describeReal("command:remote:CopyToRemote", () => {
    const provider = commandProvider();
    let sshd: Sshd;
    beforeAll(async () => void (sshd = await startSshd()));
    afterAll(async () => {
        await provider.close();
        await sshd.stop();
    });
    const copies = new Lab(provider, "command:remote:CopyToRemote", () => ({ connection: sshd.connection }));
    prove(copyRows(() => ({ sshd, copies })));
});

import { commandProvider } from "../../../embedded/providers/command/index.ts";
import { describeWithSshd, startSshd, type Sshd } from "../../support/sshd.ts";
import { endingRows } from "./rows/ending.ts";
import { Lab } from "./support/lab.ts";
import { prove } from "./support/semantics.ts";

const describeReal = await describeWithSshd();

describeReal("how remote commands end", () => {
    const provider = commandProvider();
    let sshd: Sshd;
    beforeAll(async () => void (sshd = await startSshd()));
    afterAll(async () => {
        await provider.close();
        await sshd.stop();
    });
    const remote = new Lab(provider, "command:remote:Command", () => ({ connection: sshd.connection }));
    prove(endingRows(() => ({ sshd, remote })));
});

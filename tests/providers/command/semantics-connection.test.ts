import { describeWithSshd, startSshd, type Sshd } from "../../support/sshd.ts";
import { connectionRows } from "./rows/connection.ts";
import { prove } from "./support/semantics.ts";

const describeReal = await describeWithSshd();

describeReal("the connection of remote resources", () => {
    let sshd: Sshd;
    let others: Sshd[] = [];
    beforeAll(async () => void (sshd = await startSshd()));
    afterEach(async () => {
        await Promise.all(others.map((other) => other.stop()));
        others = [];
    });
    afterAll(async () => await sshd.stop());
    const start: typeof startSshd = async (options) => {
        const other = await startSshd(options);
        others.push(other);
        return other;
    };
    prove(connectionRows(() => ({ sshd, start })));
});

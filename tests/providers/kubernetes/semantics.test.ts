/** The semantics table, proved against a real API server. */
import { describeWithApiServer, startApiServer, type ApiServer } from "../../support/apiserver.ts";
import { prove } from "../command/support/semantics.ts";
import { Lab } from "./rows/lab.ts";
import { ownershipRows } from "./rows/ownership.ts";
import { updateRows } from "./rows/updates.ts";

(await describeWithApiServer())("the kubernetes provider", () => {
    let server: ApiServer;
    let lab: Lab;
    beforeAll(async () => {
        server = await startApiServer();
        lab = await Lab.on(server);
    }, 90_000);
    afterAll(async () => {
        await lab?.close();
        await server?.stop();
    });
    prove(updateRows(() => lab));
    prove(ownershipRows(() => lab));
});

/** The part of the semantics table that needs controllers: what is waited for, and what a delete takes along. */
import { describeWithApiServer, startApiServer, type ApiServer } from "../../support/apiserver.ts";
import { prove } from "../command/support/semantics.ts";
import { Lab } from "./rows/lab.ts";
import { lifecycleRows } from "./rows/lifecycle.ts";

(await describeWithApiServer())("the kubernetes provider", () => {
    let server: ApiServer;
    let lab: Lab;
    beforeAll(async () => {
        server = await startApiServer({ controllers: true });
        lab = await Lab.on(server);
    }, 90_000);
    afterAll(async () => {
        await lab?.close();
        await server?.stop();
    });
    prove(lifecycleRows(() => lab));
});

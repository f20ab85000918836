/** The semantics table of awaits, proved against a real API server. */
import { describeWithApiServer, startApiServer, type ApiServer } from "../../support/apiserver.ts";
import { prove } from "../command/support/semantics.ts";
import { askedRows } from "./rows/asked.ts";
import { kindRows } from "./rows/awaiting.ts";
import { Lab } from "./rows/lab.ts";

(await describeWithApiServer())("the kubernetes provider waits", () => {
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
    prove(kindRows(() => lab));
    prove(askedRows(() => lab));
});

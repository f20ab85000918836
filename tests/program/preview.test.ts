import { expect, test } from "@jest/globals";
import { runProgram, stackConfig } from "./run.ts";

test("a preview, where nothing that is made is known, runs to its end and asks for the same resources", async () => {
    const { resources, outputs } = await runProgram(await stackConfig("embedded"), "preview");
    expect(resources).toHaveLength(66);
    expect(resources.map(({ name }) => name)).toEqual(
        expect.arrayContaining(["registry-deployment", "servers-everything", "everything-command"]),
    );
    expect(outputs).toHaveProperty("gatewayUrl", "http://mcp.localhost:8080");
});

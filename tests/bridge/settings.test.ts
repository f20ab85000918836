import { bridgeSettings } from "../../operator/bridge/settings.ts";
import { VariableProblem } from "../../operator/bridge/variables.ts";

describe("the bridge's settings", () => {
    it("have secure and usual defaults", () => {
        expect(bridgeSettings(["--", "node", "server.js"], {})).toMatchObject({
            command: ["node", "server.js"],
            port: 8080,
            healthPort: 8081,
            path: "/mcp",
            allowedOrigins: [],
            maxBodyBytes: 4 * 1024 * 1024,
            idleMs: 1_800_000,
        });
    });

    it("keep a second -- for the server", () => {
        expect(bridgeSettings(["--", "npx", "--", "x"], {}).command).toEqual(["npx", "--", "x"]);
    });

    it("name every wrong value at once, with what it must be", () => {
        const wrong = { BRIDGE_PORT: "http", BRIDGE_MAX_SESSIONS: "0", BRIDGE_IDLE_SECONDS: "-1", BRIDGE_PATH: "mcp" };
        expect(() => bridgeSettings([], wrong)).toThrow(VariableProblem);
        for (const part of [
            "no command",
            'BRIDGE_PORT is "http"',
            'BRIDGE_MAX_SESSIONS is "0"; it must be a whole number from 1',
            'BRIDGE_IDLE_SECONDS is "-1"',
            'BRIDGE_PATH is "mcp"',
        ]) {
            expect(() => bridgeSettings([], wrong)).toThrow(part);
        }
    });
});

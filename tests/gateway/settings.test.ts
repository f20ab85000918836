import { gatewaySettings } from "../../operator/gateway/settings.ts";

const GOOD = { SERVERS_NAMESPACE: "mcp-servers", ALLOWED_HOSTS: "mcp.localhost, MCP.example.com" };

describe("the gateway's settings", () => {
    it("have defaults but for the namespace and the hosts", () => {
        expect(gatewaySettings(GOOD)).toMatchObject({
            namespace: "mcp-servers",
            allowedHosts: ["mcp.localhost", "mcp.example.com"],
            port: 8080,
            healthPort: 8081,
        });
    });

    it("name everything that is missing or wrong at once", () => {
        const wrong = { ALLOWED_HOSTS: "http://mcp.localhost", TRUSTED_PROXIES: "10.0.0.0/40,traefik", GATEWAY_PORT: "x" };
        for (const part of [
            "SERVERS_NAMESPACE is not set",
            'ALLOWED_HOSTS has "http://mcp.localhost"',
            '"10.0.0.0/40"',
            '"traefik"',
            "GATEWAY_PORT",
        ]) {
            expect(() => gatewaySettings(wrong)).toThrow(part);
        }
        expect(() => gatewaySettings({ SERVERS_NAMESPACE: "x" })).toThrow("ALLOWED_HOSTS is not set");
    });

    it("take addresses and ranges of both families as trusted proxies", () => {
        const { trustedProxies } = gatewaySettings({ ...GOOD, TRUSTED_PROXIES: "10.42.0.0/16,192.168.1.1,fd00::/8" });
        expect(["10.42.7.7", "192.168.1.1", "10.43.0.1", "192.168.1.2"].map((address) => trustedProxies.check(address))).toEqual([
            true,
            true,
            false,
            false,
        ]);
        expect(trustedProxies.check("fd00::1", "ipv6")).toBe(true);
    });
});

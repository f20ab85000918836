import { hostName, originName, refusal } from "../../operator/bridge/guard.ts";

describe("host names", () => {
    it.each([
        ["mcp.example.com", "mcp.example.com"],
        ["MCP.Example.com:8443", "mcp.example.com"],
        ["mcp.example.com.", "mcp.example.com"],
        ["[::1]:80", "[::1]"],
        ["evil.com@mcp.example.com", undefined],
        ["mcp.example.com/evil", undefined],
        ["", undefined],
        [undefined, undefined],
    ])("of the authority %p is %p", (authority, name) => expect(hostName(authority)).toBe(name));

    it.each([
        ["https://mcp.example.com", "mcp.example.com"],
        ["http://mcp.example.com:8080", "mcp.example.com"],
        ["null", undefined],
        ["file://mcp.example.com", undefined],
        ["https://mcp.example.com.evil.com", "mcp.example.com.evil.com"],
        ["https://user@mcp.example.com", undefined],
        ["https://mcp.example.com/path", undefined],
    ])("of the origin %p is %p", (origin, name) => expect(originName(origin)).toBe(name));
});

describe("Host and Origin", () => {
    const allowed = ["mcp.example.com"];
    it.each([
        ["no origin", "mcp.example.com:80", undefined, undefined],
        ["the request's own origin", "mcp.example.com:80", "http://mcp.example.com:80", undefined],
        ["another port of the host", "mcp.example.com:80", "http://mcp.example.com:81", 403],
        ["another site", "mcp.example.com", "https://evil.com", 403],
        ["an opaque origin", "mcp.example.com", "null", 403],
        ["an allowed origin", "mcp.example.com", "https://inspector.example.com", undefined],
        ["another host", "evil.com", undefined, 421],
        ["another host that agrees with its origin", "evil.com", "http://evil.com", 421],
        ["no host", undefined, undefined, 421],
    ])("%s", (_, host, origin, status) => expect(refusal(host, origin, allowed, ["inspector.example.com"])?.status).toBe(status));

    it("without a list every host is served, and its own pages only", () => {
        expect(refusal("everything", undefined, [], [])).toBeUndefined();
        expect(refusal("everything", "http://evil.com", [], [])?.status).toBe(403);
    });
});

import { decodeHeader, envelopeProblem } from "../../operator/bridge/envelope.ts";
import { asMessage } from "../../operator/bridge/message.ts";

const META = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };
const HEADERS = { version: "2026-07-28", method: "tools/call", name: "echo" };

function codeOf(params: object, headers: Partial<typeof HEADERS> | object = {}, method = "tools/call"): number | undefined {
    const message = asMessage({ jsonrpc: "2.0", id: 1, method, params });
    if (message?.kind !== "request") throw new Error("no request");
    return envelopeProblem(message, { ...HEADERS, ...headers }, ["2026-07-28"])?.code;
}

describe("a request's metadata", () => {
    it("is right when body and headers agree", () => expect(codeOf({ name: "echo", _meta: META })).toBeUndefined());

    it.each([
        ["no version in the body", { name: "echo" }, {}, -32602],
        ["no capabilities", { name: "echo", _meta: { ...META, "io.modelcontextprotocol/clientCapabilities": undefined } }, {}, -32602],
        ["a malformed client", { name: "echo", _meta: { ...META, "io.modelcontextprotocol/clientInfo": { name: 1 } } }, {}, -32602],
        ["no version header", { name: "echo", _meta: META }, { version: undefined }, -32020],
        ["another version in the header", { name: "echo", _meta: META }, { version: "2026-07-29" }, -32020],
        ["no method header", { name: "echo", _meta: META }, { method: undefined }, -32020],
        ["another method in the header", { name: "echo", _meta: META }, { method: "tools/list" }, -32020],
        ["no name header", { name: "echo", _meta: META }, { name: undefined }, -32020],
        ["another name in the header", { name: "echo", _meta: META }, { name: "other" }, -32020],
        ["a name header of broken base64", { name: "echo", _meta: META }, { name: "=?base64?!?=" }, -32020],
        [
            "a version nobody speaks",
            { name: "echo", _meta: { ...META, "io.modelcontextprotocol/protocolVersion": "2099-01-01" } },
            { version: "2099-01-01" },
            -32022,
        ],
    ])("is refused with %s", (_, params, headers, code) => expect(codeOf(params, headers)).toBe(code));

    it("needs no name where the method has none", () =>
        expect(codeOf({ _meta: META }, { method: "tools/list", name: undefined }, "tools/list")).toBeUndefined());

    it("may have a name that no header can hold", () => {
        expect(decodeHeader("=?base64?w6TDtg==?=")).toBe("äö");
        expect(codeOf({ name: "äö", _meta: META }, { name: "=?base64?w6TDtg==?=" })).toBeUndefined();
    });
});

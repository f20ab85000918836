import { describe, expect, test } from "@jest/globals";
import callbacks from "@pulumi/pulumi/proto/callback_pb.js";
import proto from "@pulumi/pulumi/proto/resource_pb.js";
import { goalOf, seconds } from "../../embedded/engine/host/requests.ts";

function request(
    change: (request: InstanceType<typeof proto.RegisterResourceRequest>) => void,
): InstanceType<typeof proto.RegisterResourceRequest> {
    const result = new proto.RegisterResourceRequest();
    result.setType("k:i:T");
    result.setName("n");
    change(result);
    return result;
}

describe("a registration", () => {
    test.each<[string, Parameters<typeof request>[0]]>([
        ["stateMigrations", (r) => void r.addStateMigrations(new callbacks.Callback())],
        ["envVarMappings", (r) => void r.getEnvvarmappingsMap().set("A", "B")],
    ])("with %s is refused by name", (name, change) => {
        expect(() => goalOf(request(change))).toThrow(new RegExp(`"n" \\(k:i:T\\) uses .*${name}.*does not support`));
    });

    test("without options leaves every choice open", () => {
        expect(goalOf(request(() => {}))).toMatchObject({
            protect: undefined,
            retainOnDelete: undefined,
            deleteBeforeReplace: undefined,
            customTimeouts: undefined,
            provider: undefined,
            parent: undefined,
        });
    });
});

test.each([
    ["30s", 30],
    ["10m", 600],
    ["1h30m", 5400],
    ["1.5s", 1.5],
    ["250ms", 0.25],
])("the timeout %s is %p seconds", (text, expected) => {
    expect(seconds(text, "x")).toBeCloseTo(expected);
});

test.each(["", "10", "5 m", "1d", "m5"])("the timeout %j is refused", (text) => {
    expect(() => seconds(text, '"n" (k:i:T)')).toThrow("is not a duration");
});

import { expect, test } from "@jest/globals";
import { colorPaint, cutTo, plainPaint, stripColors, wantsColor } from "../../embedded/engine/display/colors.ts";
import { displayType } from "../../embedded/engine/display/names.ts";
import { durationText, outputLines } from "../../embedded/engine/display/summary.ts";

test("shortens types as Pulumi does", () => {
    expect(displayType("random:index/randomPassword:RandomPassword")).toBe("random:index:RandomPassword");
    expect(displayType("kubernetes:core/v1:Pod")).toBe("kubernetes:core/v1:Pod");
    expect(displayType("pulumi:providers:random")).toBe("pulumi:providers:random");
});

test("cuts coloured lines by what is seen", () => {
    expect(cutTo(colorPaint("red", "abcdef"), 4)).toBe("\u001b[31mabc…\u001b[0m");
    expect(stripColors(cutTo(`ab${colorPaint("red", "cdef")}gh`, 6))).toBe("abcde…");
    expect(cutTo("abc", 3)).toBe("abc");
});

test("honours the colour switches", () => {
    const saved = { ...process.env };
    try {
        for (const name of ["NO_COLOR", "FORCE_COLOR", "TERM"]) delete process.env[name];
        expect(wantsColor(undefined, { isTTY: true })).toBe(true);
        expect(wantsColor(undefined, {})).toBe(false);
        expect(wantsColor("always", {})).toBe(true);
        expect(wantsColor("never", { isTTY: true })).toBe(false);
        process.env["NO_COLOR"] = "1";
        expect(wantsColor(undefined, { isTTY: true })).toBe(false);
        expect(wantsColor("always", { isTTY: true })).toBe(true);
    } finally {
        process.env = saved;
    }
});

test("writes durations and outputs of several lines", () => {
    expect([999, 61_000, 3_600_000].map(durationText)).toEqual(["1s", "1m1s", "1h0m0s"]);
    expect(outputLines({}, { a: { b: [1] } }, { showSecrets: false }, plainPaint)).toEqual([
        "Outputs:",
        "  + a: {",
        "        b: [",
        "            [0]: 1",
        "        ]",
        "    }",
        "",
    ]);
});

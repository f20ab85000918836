import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { colorPaint, cutTo, plainPaint, stripColors, wantsColor } from "../../embedded/engine/display/colors.ts";
import { Mask } from "../../embedded/engine/display/mask.ts";
import { displayType } from "../../embedded/engine/display/names.ts";
import { durationText, outputLines } from "../../embedded/engine/display/summary.ts";
import { Secret, type PropertyMap } from "../../embedded/engine/values.ts";

test("masks every known secret in any text, also quoted, encoded and by single lines", () => {
    const mask = new Mask();
    const key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END KEY-----\n";
    mask.collect({
        a: { b: [new Secret("pass word"), new Secret({ deep: "geheim" })] },
        key: new Secret(key),
        short: new Secret("abc"),
        plain: "visible",
    } as PropertyMap);
    expect(mask.apply("got pass word and pass%20word")).toBe("got [secret] and [secret]");
    expect(mask.apply(`b64 ${Buffer.from("geheim").toString("base64")}`)).toBe("b64 [secret]");
    expect(mask.apply("line MIIEvQIBADANBgkqhkiG9w0B here")).toBe("line [secret] here");
    expect(mask.apply(JSON.stringify({ key }))).toBe('{"key":"[secret]"}');
    expect(mask.apply("abc visible BEGIN")).toBe("abc visible BEGIN");
});

test("leaves no secret of four characters or more in any text around it", () => {
    fc.assert(
        fc.property(
            fc.array(
                fc.string({ minLength: 4, maxLength: 12 }).filter((s) => s.trim().length >= 4 && !"[secret]".includes(s)),
                { minLength: 1, maxLength: 5 },
            ),
            fc.string(),
            (secrets, around) => {
                const mask = new Mask();
                for (const secret of secrets) mask.add(secret);
                const shown = mask.apply(secrets.map((secret) => around + secret).join(around)).replaceAll("[secret]", "\u0000");
                for (const secret of secrets) expect(shown).not.toContain(secret);
            },
        ),
    );
});

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

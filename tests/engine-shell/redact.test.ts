/** What keeps secrets out of text, and what makes outputs secret that hold one. */
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { markRevealing, Redactor } from "../../embedded/engine/redact.ts";
import { secretStrings } from "../../embedded/engine/secretness.ts";
import { OutputValue, Secret, type PropertyMap } from "../../embedded/engine/values.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const KEY = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n"quoted"\n-----END KEY-----\n';
const DOCUMENT = JSON.stringify({ nodes: [{ token: "K10abcdef::server:0123456789" }] });

function redactorOf(map: PropertyMap): Redactor {
    const redactor = new Redactor();
    redactor.learn(map);
    return redactor;
}

describe("a text", () => {
    const redactor = redactorOf({
        a: { b: [new Secret("pass word"), new Secret({ deep: "geheim" })], out: new OutputValue("<tag>&tag", true, []) },
        key: new Secret(KEY),
        document: new Secret(DOCUMENT),
        short: new Secret("abc"),
        plain: "visible",
    });

    test.each([
        ["as they are", "got pass word and geheim", "got [secret] and [secret]"],
        ["in a URL", "https://x/?p=pass%20word", "https://x/?p=[secret]"],
        ["in base64", `b64 ${base64("geheim")}.`, "b64 [secret]."],
        ["in JSON", JSON.stringify({ KEY }), '{"KEY":"[secret]"}'],
        ["in JSON within JSON", JSON.stringify({ x: JSON.stringify({ KEY }) }), String.raw`{"x":"{\"KEY\":\"[secret]\"}"}`],
        ["in JSON that Go wrote", String.raw`"\u003ctag\u003e\u0026tag"`, '"[secret]"'],
        ["a line of one", "line MIIEvQIBADANBgkqhkiG9w0B here", "line [secret] here"],
        ["a text in one that is a document", "token K10abcdef::server:0123456789!", "token [secret]!"],
    ])("shows no secrets: %s", (_where, text, shown) => {
        expect(redactor.clean(text)).toBe(shown);
    });

    test("shows no secret within the base64 of something longer, at any offset", () => {
        const token = "s3cr3t-token-0123456789";
        const cleaned = redactorOf({ token: new Secret(token) });
        for (const before of ["u:", "us:", "use:", ""]) {
            const shown = cleaned.clean(base64(`${before}${token}:and more`));
            expect(shown).toContain("[secret]");
            expect(Buffer.from(shown.split("[secret]")[0] ?? "", "base64").toString()).not.toContain("s3");
        }
    });

    test("keeps its words where a secret is as short as a word, and the ends of keys", () => {
        expect(redactor.clean("abc visible -----BEGIN KEY----- abcdef")).toBe("abc visible -----BEGIN KEY----- abcdef");
    });

    test("stays as it is where secrets may be shown", () => {
        const open = new Redactor(true);
        open.learn({ a: new Secret("geheim") });
        open.add("pass word");
        expect(open.clean("geheim pass word")).toBe("geheim pass word");
    });

    test("cleaned once more stays the same, even if the word for secrets is one", () => {
        const cleaned = redactorOf({ a: new Secret("secret"), b: new Secret("a [secret] b") });
        const once = cleaned.clean("my secret, a [secret] b");
        expect(once).toBe("my [secret], [secret]");
        expect(cleaned.clean(once)).toBe(once);
    });

    test("holds no secret of six characters or more afterwards, however they overlap and are written", () => {
        const secret = fc.string({ unit: "binary", minLength: 6, maxLength: 14 }).filter((s) => s.trim().length >= 6 && s.isWellFormed());
        const disguise = fc.constantFrom(
            (s: string) => s,
            (s: string) => JSON.stringify(s),
            (s: string) => JSON.stringify(JSON.stringify(s)),
            encodeURIComponent,
            base64,
        );
        fc.assert(
            fc.property(fc.array(fc.tuple(secret, disguise), { minLength: 1, maxLength: 5 }), fc.string(), (secrets, around) => {
                const cleaner = new Redactor();
                for (const [text] of secrets) cleaner.add(text);
                const written = secrets.map(([text, write]) => around + write(text)).join(around);
                // What is left between the marks must not hold a secret.
                const shown = cleaner.clean(written).split("[secret]");
                for (const [text, write] of secrets)
                    for (const piece of shown) {
                        expect(piece).not.toContain(text);
                        expect(piece).not.toContain(write(text).replace(/^"|"$/g, ""));
                    }
            }),
        );
    });
});

describe("outputs", () => {
    const inputs = { password: new Secret("correct horse"), pin: new Secret("abc"), one: new Secret("1") };

    test.each<[string, string, boolean]>([
        ["a secret in a sentence", "it is correct horse!", true],
        ["a secret in base64", base64("correct horse"), true],
        ["a short secret by itself", "abc", true],
        ["a short secret and the end of a line", "abc\n", true],
        ["a short secret in base64", base64("abc"), true],
        ["a short secret as a word", "pin=abc;", true],
        ["a short secret within a word", "abcdef", false],
        ["a digit that is a secret, by itself", "1", true],
        ["a digit that is a secret, in a sentence", "1 of 3", false],
        ["nothing of a secret", "fine", false],
    ])("with %s: %j", (_what, text, secret) => {
        expect(markRevealing({ deep: [{ text }] }, inputs)).toEqual({ deep: [{ text: secret ? new Secret(text) : text }] });
    });

    test("may name the host of a secret connection, and nothing else of it", () => {
        const connection = {
            host: "node-1.example",
            port: 22,
            user: "root",
            hostKey: "ssh-ed25519 AAAA",
            privateKey: KEY,
            password: "opensesame",
        };
        const shown = secretStrings(new Secret({ ...connection, proxy: { ...connection, host: "bastion.example" } }));
        expect(shown).toEqual([KEY, "opensesame", KEY, "opensesame"]);
        expect(secretStrings({ ...connection, host: new Secret("hidden.example") })).toEqual(["hidden.example"]);
        expect(secretStrings(new Secret({ host: "no-connection.example" }))).toEqual(["no-connection.example"]);
    });

    test("of inputs without secrets stay as they are", () => {
        const outputs = { a: "abc" };
        expect(markRevealing(outputs, { a: "abc" })).toBe(outputs);
        expect(secretStrings(new Secret({ key: ["k"], short: "ab" }))).toEqual(["k", "ab"]);
    });
});

import { expect, test } from "@jest/globals";
import { createPassphrase, openPassphrase } from "../../embedded/engine/state/secrets-passphrase.ts";
import { CiphertextMemory } from "../../embedded/engine/state/secrets.ts";
import { countingManager, PASSPHRASE } from "./support.ts";

/** Made by Pulumi's Go module, sdk/v3 v3.259.0, with `config.NewSymmetricCrypterFromPassphrase`. */
const SALT = "v1:c2FsdHNhbHQ=:v1:MVMPgWNntWUQd+lx:popHOzkbTMRQzLMBYqK6xvrh80QypA==";
const VECTORS = {
    "v1:+8I0FQh+KwVxYf/X:RQIJiYp9Sm/1IH7RrwCXP0GrT/KYC0Y0": '"geheim"',
    "v1:0IzSmuRqEVCdgQOz:sksKqIhZcCT/Tza3ku+Z9CpYbD5wrkMzyuRkkeVH": '{"a":[1,"ü"]}',
};

test("opens what Pulumi encrypted", async () => {
    const manager = await openPassphrase(PASSPHRASE, SALT);
    for (const [ciphertext, text] of Object.entries(VECTORS)) expect(manager.decrypt(ciphertext)).toBe(text);
    expect(manager.provider).toEqual({ type: "passphrase", state: { salt: SALT } });
});

test("refuses another passphrase, and a text that was changed", async () => {
    await expect(openPassphrase("another", SALT)).rejects.toThrow("incorrect passphrase");
    const manager = await openPassphrase(PASSPHRASE, SALT);
    const [ciphertext = ""] = Object.keys(VECTORS);
    expect(() => manager.decrypt(ciphertext.replace("RQIJ", "RQIK"))).toThrow("authenticate");
    expect(() => manager.decrypt("v1:AAAA")).toThrow("malformed");
});

test.each(["", "v1:c2FsdA==", "v2:c2FsdA==:v1:a:b", "v1::v1:a:b"])("refuses the malformed salt %j with a sentence", async (salt) => {
    await expect(openPassphrase(PASSPHRASE, salt)).rejects.toThrow("encryption salt of the stack is malformed");
});

test("makes a salt that opens again, and never the same text twice", async () => {
    const made = await createPassphrase(PASSPHRASE);
    const again = await openPassphrase(PASSPHRASE, made.provider.state.salt);
    expect(made.provider.state.salt).toMatch(/^v1:[A-Za-z0-9+/]{11}=:v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/=]+$/);
    expect(again.decrypt(made.encrypt("päss"))).toBe("päss");
    expect(made.encrypt("x")).not.toBe(made.encrypt("x"));
});

test("derives a key once, also for callers at the same time", async () => {
    const [a, b] = await Promise.all([openPassphrase(PASSPHRASE, SALT), openPassphrase(PASSPHRASE, SALT)]);
    expect(a).toBe(b);
});

test("uses a ciphertext again for the same text at the same place only", () => {
    const memory = new CiphertextMemory();
    const manager = countingManager();
    memory.remember("a.password", "x", "stored");
    expect(memory.encrypt("a.password", "x", manager)).toBe("stored");
    expect(memory.encrypt("b.password", "x", manager)).toMatch(/^sealed1:/);
    expect(memory.encrypt("a.password", "y", manager)).toMatch(/^sealed2:/);
    expect(memory.encrypt("a.password", "y", manager)).toMatch(/^sealed2:/);
});

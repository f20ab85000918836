import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkNodes } from "../../../embedded/cluster/checks.ts";
import { filterTrouble } from "../../../embedded/cluster/enforcer/apply.ts";

const before = process.env["PATH"];
let folder = "";
/** Puts a double of nft before the machine's. */
const nft = (script: string): void => writeFileSync(join(folder, "nft"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "nft-"));
    process.env["PATH"] = `${folder}:${before}`;
});
afterEach(() => {
    process.env["PATH"] = before;
    rmSync(folder, { recursive: true });
});

it("a kernel that takes rules is no trouble", async () => {
    nft("exit 0");
    expect(await filterTrouble()).toBeUndefined();
});

it("a kernel that takes none is said with nft's reason and what to do, before anything is started", async () => {
    nft("echo 'Error: Operation not supported' >&2; echo more >&2; exit 1");
    for (const program of ["ip", "iptables", "mount", "umount", "nsenter"])
        writeFileSync(join(folder, program), "#!/bin/sh\n", { mode: 0o755 });
    await expect(checkNodes()).rejects.toThrow(
        /^This kernel takes no rules of nftables.*\(Error: Operation not supported\)\. Load the module with "modprobe nf_tables"/,
    );
});

it("an nft that says nothing is quoted with its status", async () => {
    nft("exit 3");
    expect(await filterTrouble()).toBe("nft ended with status 3");
});

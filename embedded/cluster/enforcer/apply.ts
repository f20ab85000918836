/** Brings a node's rules up to date with `nft` inside its network namespace, each time in one transaction. */
import { run } from "../../common/process.ts";
import { changes, replacement, type Table } from "./table.ts";

/** What a life of a node has. */
export interface Applied {
    readonly table: Table;
    /** Commands of the transaction that made it so. */
    readonly commands: number;
}

/** A user's own path may lack the folders of programs for administrators. */
const path = (): string => [process.env["PATH"], "/usr/sbin", "/sbin"].filter(Boolean).join(":");

/** Why this machine's kernel takes no rules; undefined when it does. */
export async function filterTrouble(): Promise<string | undefined> {
    const { code, stderr } = await run("nft", ["list", "tables"], { env: { PATH: path() } });
    return code === 0 ? undefined : stderr.trim().split("\n")[0] || `nft ended with status ${code}`;
}

/** Runs commands as one transaction. @throws Error with what nft says */
export async function transact(pid: number, commands: readonly string[]): Promise<void> {
    const result = await run("nsenter", [`--net=/proc/${pid}/ns/net`, "nft", "-f", "-"], {
        stdin: commands.join("\n") + "\n",
        env: { PATH: path() },
    });
    if (result.code !== 0) throw new Error(`nft refused the rules: ${result.stderr.trim().split("\n")[0] || `status ${result.code}`}`);
}

/**
 * Makes a node's table what it should be. Only what changed is told to the kernel, unless it is not known what there is.
 * @param before what this process made of it; undefined when it has not yet, or failed
 */
export async function bring(pid: number, before: Table | undefined, table: Table): Promise<Applied> {
    const commands = before ? changes(before, table) : replacement(table);
    if (commands.length) await transact(pid, commands);
    return { table, commands: commands.length };
}

/** Connections from inside a pod's network, without a program of its own in the pod. */
import { readFileSync } from "node:fs";
import { run } from "../../embedded/common/process.ts";
import { descendants } from "../../embedded/cluster/processes.ts";

/** A process in the network of the pod that has an address, on the node whose PID 1 is given. */
export function pidInPod(nodePid: number, address: string): number {
    const found = descendants(nodePid).find((pid) => readOr(`/proc/${pid}/net/fib_trie`).includes(`-- ${address}\n`) && !hasBridge(pid));
    if (found === undefined) throw new Error(`no process of the node has the address ${address}`);
    return found;
}

/** The node's own network knows the addresses of its pods, too. */
const hasBridge = (pid: number): boolean => readOr(`/proc/${pid}/net/dev`).includes("cni0:");

function readOr(path: string): string {
    try {
        return readFileSync(path, "utf8");
    } catch {
        return ""; // it ended meanwhile
    }
}

/** What becomes of a TCP connection from the network of a process: `connected`, `timeout`, or the error's code. */
export async function connectFrom(pid: number, address: string, port: number, milliseconds = 1500): Promise<string> {
    const script = `const s = require("net").connect({ host: ${JSON.stringify(address)}, port: ${port} });
        const end = (text) => { console.log(text); process.exit(); };
        s.on("connect", () => end("connected")).on("error", (e) => end(e.code)); setTimeout(() => end("timeout"), ${milliseconds});`;
    const { stdout } = await run("nsenter", [`--net=/proc/${pid}/ns/net`, process.execPath, "-e", script], {
        env: { NODE_OPTIONS: undefined },
    });
    return stdout.trim();
}

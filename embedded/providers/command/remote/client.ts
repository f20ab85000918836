/** One SSH connection: its host proved by its key, its user by the first credential that the host takes. */
import type { Readable } from "node:stream";
import ssh2, { type AnyAuthMethod, type Client, type ConnectConfig } from "ssh2";
import { messageOf } from "../../../common/errors.ts";
import { unlessCut } from "../watch.ts";
import { nameOf, type Endpoint } from "./connection.ts";
import { usableAgent, type AgentState } from "./agent.ts";
import { describe, signatureAlgorithms } from "./hostkey.ts";
import { readPrivateKey } from "./private-key.ts";

/** A silent host counts as lost after two minutes. */
const KEEPALIVE = { keepaliveInterval: 15_000, keepaliveCountMax: 8 };

/** A failure that trying again cannot help: another host key, an unreadable private key. */
export class Hopeless extends Error {}

interface Credentials {
    readonly methods: readonly AnyAuthMethod[];
    /** The agent that was left out, and why. */
    readonly agent: AgentState | undefined;
}

/** In the official provider's order: private key, password (also asked for interactively), agent. */
async function credentialsOf(endpoint: Endpoint): Promise<Credentials> {
    const { user: username, password, privateKey, privateKeyPassword } = endpoint;
    const methods: AnyAuthMethod[] = [];
    if (privateKey !== undefined) {
        const key = readPrivateKey(privateKey, privateKeyPassword);
        if (key instanceof Error) throw new Hopeless(`privateKey of ${nameOf(endpoint)}: ${key.message}`);
        methods.push({ type: "publickey", username, key });
    }
    if (password !== undefined) {
        methods.push({ type: "password", username, password });
        methods.push({
            type: "keyboard-interactive",
            username,
            prompt: (_name, _instructions, _lang, prompts, finish) => finish(prompts.map(() => password)),
        });
    }
    const agent = await usableAgent(endpoint.agentSocketPath);
    if (agent?.socket !== undefined) methods.push({ type: "agent", username, agent: agent.socket });
    return { methods, agent };
}

const ALLOWED_AS: Readonly<Record<string, string>> = { agent: "publickey" };

/** Tries `none` first, which tells what the host takes, and then what of it there is. */
function authHandler(username: string, methods: readonly AnyAuthMethod[], tried: string[]): NonNullable<ConnectConfig["authHandler"]> {
    const left: AnyAuthMethod[] = [{ type: "none", username }, ...methods];
    return (allowed, _partial, next) => {
        // null before the first attempt, whatever the types say
        const takes = (method: AnyAuthMethod) =>
            !Array.isArray(allowed) || allowed.some((name) => name === (ALLOWED_AS[method.type] ?? method.type));
        let method = left.shift();
        while (method && !takes(method)) method = left.shift();
        if (method && method.type !== "none") tried.push(method.type === "publickey" ? "private key" : method.type);
        // The types leave out that false says that nothing is left.
        next((method ?? false) as AnyAuthMethod);
    };
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection reset by the host",
    ENOTFOUND: "there is no such host name",
    EAI_AGAIN: "the host name cannot be looked up now",
    EHOSTUNREACH: "no route to the host",
    ENETUNREACH: "the network cannot be reached",
    ETIMEDOUT: "no answer",
};

function failureOf(
    error: Error & { code?: unknown; level?: string },
    endpoint: Endpoint,
    tried: readonly string[],
    agent: AgentState | undefined,
): string {
    const known = typeof error.code === "string" ? SYSTEM_ERRORS[error.code] : undefined;
    if (known !== undefined) return known;
    if (error.level === "client-timeout") return `no answer within ${endpoint.perDialTimeout} s`;
    if (error.level === "client-authentication") {
        const what = tried.length
            ? `refused the user ${endpoint.user} (tried: ${tried.join(", ")})`
            : `refused the user ${endpoint.user}: none of the given credentials is of a kind that it takes`;
        return `the host ${what}${agent?.problem === undefined ? "" : `; ${agent.problem}`}`;
    }
    if (/before handshake/.test(error.message)) return "the connection was closed before the SSH handshake";
    return messageOf(error);
}

/**
 * Connects and authenticates once.
 * @param through a stream to the host's SSH port, when it is reached through another host
 * @param remark is told of an agent that the program asks for and that does not answer
 * @throws {@link Hopeless} when the host shows another key than the pinned one, with the fingerprints of both
 */
export async function connectOnce(
    endpoint: Endpoint,
    through: Readable | undefined,
    signal: AbortSignal,
    remark: (text: string) => void,
): Promise<Client> {
    const { methods, agent } = await credentialsOf(endpoint);
    const client = new ssh2.Client();
    const tried: string[] = [];
    let shown: Buffer | undefined;
    const ready = new Promise<void>((resolve, reject) => {
        client.once("ready", resolve);
        client.on("error", (error: Error & { level?: string }) => {
            if (error.level === "agent") return; // the next method is tried
            reject(error);
        });
        client.once("close", () => reject(new Error("the connection was closed")));
    });
    ready.catch(() => {}); // looked at below, or abandoned
    try {
        client.connect({
            ...(through ? { sock: through } : { host: endpoint.host, port: endpoint.port }),
            username: endpoint.user,
            readyTimeout: endpoint.perDialTimeout * 1000,
            ...KEEPALIVE,
            algorithms: { serverHostKey: signatureAlgorithms(endpoint.hostKey) as never[] },
            hostVerifier: (key: Buffer) => {
                shown = key;
                return key.equals(endpoint.hostKey.blob);
            },
            authHandler: authHandler(endpoint.user, methods, tried),
        });
        // Small requests follow each other, each answered before the next: waiting to fill packets costs 40 ms apiece.
        if (!through) client.setNoDelay(true);
        await unlessCut(signal, ready);
        if (agent?.asked && agent.problem !== undefined) remark(agent.problem);
        return client;
    } catch (error) {
        client.destroy();
        if (shown && !shown.equals(endpoint.hostKey.blob))
            throw new Hopeless(
                `${nameOf(endpoint)} shows the host key ${describe(shown)}, but hostKey pins ${describe(endpoint.hostKey.blob)}: nothing was sent. ` +
                    "Either the host was set up anew, then take its new key into hostKey, or somebody is in between",
            );
        if (error instanceof Hopeless || signal.aborted) throw error;
        throw new Error(failureOf(error as Error, endpoint, tried, agent), { cause: error });
    }
}

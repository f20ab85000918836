/** Why an API server cannot be talked to, and what to do. */
import { messageOf } from "../../common/errors.ts";

const ADVICE: readonly (readonly [pattern: RegExp, advice: string])[] = [
    [
        /ERR_PROXY_TUNNEL/,
        "the proxy of proxy-url or HTTPS_PROXY does not let it through. Correct the proxy, or name the server in NO_PROXY",
    ],
    [/ECONNREFUSED/, "nothing listens there. Start the cluster, or correct the server in the kubeconfig"],
    [/ENOTFOUND|EAI_AGAIN/, "the host name is not known. Correct the server in the kubeconfig"],
    [
        /ECONNRESET|EPIPE|socket hang up|aborted/,
        "the connection was closed before there was an answer: the server was ended, or something on the way does not let it through",
    ],
    [/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|no answer/, "there is no answer. Check the network and the server in the kubeconfig"],
    [/ALERT|alert/, "the server refuses the client certificate: it is of another cluster or has expired. Get a new kubeconfig"],
    [/EPROTO|WRONG_VERSION|wrong version|packet length/, "what listens there does not speak TLS. Correct the server in the kubeconfig"],
    [/CERT_HAS_EXPIRED/, "the server's certificate has expired"],
    [/ALTNAME/, "the server's certificate is for another host name. Correct the server or set tls-server-name in the kubeconfig"],
    [
        /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_|signature/,
        "its certificate is not signed by the authority in the kubeconfig, which is perhaps of another cluster. Get a new kubeconfig",
    ],
];

/** The connection was refused: nothing of a request has been taken up. */
export function isRefused(error: unknown): boolean {
    return (error as { code?: string } | undefined)?.code === "ECONNREFUSED";
}

/** What a user can do about a connection that failed. */
export function adviceOn(error: unknown): string {
    const text = `${(error as { code?: string }).code ?? ""} ${messageOf(error)}`;
    return ADVICE.find(([pattern]) => pattern.test(text))?.[1] ?? messageOf(error);
}

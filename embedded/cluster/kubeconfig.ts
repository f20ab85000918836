/** Kubeconfig files with everything embedded. */
import { join } from "node:path";
import { readText } from "./files.ts";

export interface KubeconfigSource {
    readonly server: string;
    readonly ca: string;
    readonly certificate: string;
    readonly key: string;
}

function data(pem: string): string {
    return Buffer.from(pem).toString("base64");
}

/** Cluster, user and context are all called `name`. */
export function kubeconfig(name: string, source: KubeconfigSource): string {
    return `apiVersion: v1
kind: Config
clusters:
  - name: ${name}
    cluster:
      server: ${source.server}
      certificate-authority-data: ${data(source.ca)}
users:
  - name: ${name}
    user:
      client-certificate-data: ${data(source.certificate)}
      client-key-data: ${data(source.key)}
contexts:
  - name: ${name}
    context:
      cluster: ${name}
      user: ${name}
current-context: ${name}
`;
}

/** The kubeconfig of one of the certificates in the PKI folder. */
export function kubeconfigFor(pki: string, certificate: string, server: string, name = "embedded"): string {
    const text = (file: string): string => readText(join(pki, file)) ?? "";
    return kubeconfig(name, { server, ca: text("ca.crt"), certificate: text(`${certificate}.crt`), key: text(`${certificate}.key`) });
}
